/*
 * ddlframe.h
 *	  What a utility statement does to relations, noted while it runs.
 */
#ifndef RUSTS_DDLFRAME_H
#define RUSTS_DDLFRAME_H

#include "access/attnum.h"
#include "nodes/pg_list.h"

/* A column of a rusts table that was altered or dropped. */
typedef struct DdlColumn
{
	Oid			relid;
	AttrNumber	attnum;
	char	   *name;			/* before the statement */
	bool		followed;		/* parameters have the new name */
} DdlColumn;

typedef struct DdlFrame
{
	struct DdlFrame *outer;
	MemoryContext context;		/* of the lists; outlives the statement */
	List	   *pending;		/* parameters for the first table created */
	List	   *created;		/* OIDs of relations, in order */
	List	   *columns;		/* DdlColumns */
} DdlFrame;

extern void ddlframe_init(void);

/* The frame is the caller's; pop it also when the statement fails. */
extern void ddlframe_push(DdlFrame *frame);
extern void ddlframe_pop(DdlFrame *frame);

/*
 * Is relid being created by a statement whose parameters are not yet in the
 * catalog?  They are the list then, possibly empty.
 */
extern bool ddlframe_pending(Oid relid, List **parameters);

#endif							/* RUSTS_DDLFRAME_H */
