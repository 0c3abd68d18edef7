/*
 * functions.h
 *	  What SQL functions about tables share.
 */
#ifndef RUSTS_FUNCTIONS_H
#define RUSTS_FUNCTIONS_H

#include "compat/compat.h"
#include "utils/rel.h"

/*
 * Open a rusts table of which the caller may read at least one column; errors
 * out otherwise.  Its values are shown by the rules of pg_stats: none while
 * row-level security applies to the caller, and those of a column only to
 * users who may read it.
 */
extern Relation functions_open_table(Oid relid, LOCKMODE lockmode);
extern bool functions_hide_rows(Relation rel);
extern bool functions_show_column(Relation rel, AttrNumber attnum);

pg_noreturn extern void functions_report_missing(Oid relid);

/* Errors out unless the caller may read all rows and all columns. */
extern void functions_require_all(Relation rel);

#endif							/* RUSTS_FUNCTIONS_H */
