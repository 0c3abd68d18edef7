/*
 * optionclause.h
 *	  Storage parameters "rusts.*" in statements.
 */
#ifndef RUSTS_OPTIONCLAUSE_H
#define RUSTS_OPTIONCLAUSE_H

#include "nodes/pg_list.h"

/*
 * Take our parameters out of a statement's list, which keeps the others, and
 * return them as a list as of optionlist.h.  An unknown or repeated one is an
 * error.
 */
extern List *optionclause_extract(List **definitions, bool reset);
extern bool optionclause_has_ours(List *definitions);

#endif							/* RUSTS_OPTIONCLAUSE_H */
