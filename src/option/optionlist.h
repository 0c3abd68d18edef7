/*
 * optionlist.h
 *	  Storage parameters "rusts.*" in the catalog, and lists of them.
 *
 * Between a statement and the catalog they are a List of DefElem: defname
 * without the prefix, arg a String, or NULL in RESET.
 */
#ifndef RUSTS_OPTIONLIST_H
#define RUSTS_OPTIONLIST_H

#include "nodes/parsenodes.h"

#define OPTIONLIST_PREFIX "rusts."
#define OPTIONLIST_PREFIX_LEN 6

extern DefElem *optionlist_find(List *parameters, const char *name);
/* Copy of base with changes applied; one without a value removes. */
extern List *optionlist_merge(List *base, List *changes);

/* Our parameters in a relation's pg_class.reloptions. */
extern List *optionlist_read(Oid relid);
/*
 * Replace our parameters in pg_class.reloptions, visibly to the next command.
 * The caller has a lock that conflicts with itself on the relation.
 */
extern void optionlist_write(Oid relid, List *parameters);

#endif							/* RUSTS_OPTIONLIST_H */
