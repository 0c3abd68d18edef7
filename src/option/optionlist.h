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

/* What pg_class.reloptions of a relation holds of ours. */
extern List *optionlist_read(Oid relid);
/*
 * Replace ours in pg_class.reloptions, and make it visible to the next
 * command.  The caller has a lock that conflicts with itself on the relation.
 */
extern void optionlist_write(Oid relid, List *parameters);

#endif							/* RUSTS_OPTIONLIST_H */
