/*
 * optionclause.h
 *	  Storage parameters "rusts.*" in statements.
 */
#ifndef RUSTS_OPTIONCLAUSE_H
#define RUSTS_OPTIONCLAUSE_H

#include "nodes/pg_list.h"

/*
 * Take ours out of a statement's list, which keeps the others.  The result is
 * a list as of optionlist.h, of parameters that there are.
 */
extern List *optionclause_extract(List **definitions, bool reset);
extern bool optionclause_has_ours(List *definitions);

#endif							/* RUSTS_OPTIONCLAUSE_H */
