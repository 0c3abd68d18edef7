/*
 * compactplan.h
 *	  Which segments of a table are to be written anew, and together?
 */
#ifndef RUSTS_COMPACTPLAN_H
#define RUSTS_COMPACTPLAN_H

#include "segment/directory.h"
#include "utils/rel.h"

/* Segments of one partition window that become one, or a few. */
typedef struct CompactGroup
{
	DirectoryTier tier;			/* that they go to */
	int			n;
	DirectoryEntry **entries;
} CompactGroup;

/* A list of CompactGroup, in the current memory context. */
extern List *compactplan_make(Relation rel, DirectoryList *list, bool full);

#endif							/* RUSTS_COMPACTPLAN_H */
