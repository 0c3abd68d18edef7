/*
 * ddlframe.h
 *	  What a utility statement does to relations, as it happens.
 */
#ifndef RUSTS_DDLFRAME_H
#define RUSTS_DDLFRAME_H

#include "access/attnum.h"
#include "catalog/objectaccess.h"
#include "nodes/pg_list.h"

/*
 * There is one frame per running utility statement.  Its lists are in its
 * context; the actions below read and write them.
 */
typedef struct DdlFrame
{
	struct DdlFrame *outer;
	MemoryContext context;

	/* CREATE: parameters of the relation called so, until it is there. */
	const char *creating;
	List	   *parameters;

	/*
	 * ALTER: the relation whose parameters are out of the catalog, and how
	 * many more times it is altered before they go back in.
	 */
	Oid			altering;
	int			remaining;
	bool		stays_rusts;	/* or becomes it */
	List	   *stored;
	List	   *changes;

	List	   *changed;		/* relations of which columns were altered */
} DdlFrame;

/*
 * What to do when the server reports something to the innermost frame.  The
 * change is in the catalog, but only becomes visible with the next command.
 */
typedef struct DdlActions
{
	void		(*created) (DdlFrame *frame, Oid relid);
	void		(*altered) (DdlFrame *frame, Oid relid);
	/* new_name: NULL when the column is being dropped */
	void		(*renamed) (DdlFrame *frame, Oid relid, const char *old_name,
							const char *new_name);
} DdlActions;

extern void ddlframe_init(const DdlActions *actions);
/* The server reports something: tell the innermost frame, if there is one. */
extern void ddlframe_object_access(ObjectAccessType access, Oid class_id,
								   Oid object_id, int sub_id);

/* The frame is the caller's; pop it also when the statement fails. */
extern void ddlframe_push(DdlFrame *frame);
extern void ddlframe_pop(DdlFrame *frame);

#endif							/* RUSTS_DDLFRAME_H */
