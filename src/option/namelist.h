/*
 * namelist.h
 *	  Lists of column names, as storage parameters hold them.
 */
#ifndef RUSTS_NAMELIST_H
#define RUSTS_NAMELIST_H

#include "nodes/pg_list.h"

typedef struct NameItem
{
	char	   *name;			/* as the catalog spells it */
	char	   *value;			/* what stands after "=", or NULL */
} NameItem;

/* 'host, "Region"', or with values 'a=alp,"B"=gorilla' */
extern bool namelist_parse(const char *text, bool with_values, List **items);
extern bool namelist_check_pairs(const char *text);
extern char *namelist_format(List *items);

#endif							/* RUSTS_NAMELIST_H */
