/*
 * ingest_target.h
 *	  A table that takes points, as one transaction sees it.
 */
#ifndef RUSTS_INGEST_TARGET_H
#define RUSTS_INGEST_TARGET_H

#include "ingest/ingest_share.h"
#include "nodes/bitmapset.h"
#include "utils/rel.h"

/*
 * How a column takes values.  Those before TARGET_CAST are made here; values
 * for TARGET_CAST columns are handed to SQL as text, which it casts.
 */
typedef enum TargetKind
{
	TARGET_FLOAT8,
	TARGET_FLOAT4,
	TARGET_INT8,
	TARGET_INT4,
	TARGET_INT2,
	TARGET_BOOL,
	TARGET_TEXT,
	TARGET_CAST_NUMBER,			/* numeric: any number */
	TARGET_CAST_STRING			/* others: strings, in the type's own form */
} TargetKind;

#define TARGET_IS_CAST(kind) ((kind) >= TARGET_CAST_NUMBER)

typedef struct TargetColumn
{
	TargetKind	kind;
	bool		is_tag;			/* named in rusts.tags */
	bool		generated;		/* nobody may write it */
	bool		has_default;	/* or its type decides what NULL becomes */
} TargetColumn;

typedef struct Target
{
	char		name[NAMEDATALEN];
	Relation	rel;
	TargetColumn *columns;		/* by attnum - 1 */
	int			named;			/* columns in by_name */
	AttrNumber *by_name;		/* sorted by name */
	AttrNumber	time_attnum;
	Oid			time_type;
	Bitmapset  *key;			/* of a unique index on tags and time, by
								 * attnum, or NULL */
	Oid			key_index;		/* that one */
	Bitmapset  *defaults;		/* columns with a default, by attnum */
	Bitmapset  *required;		/* that must have a value of the line's, as
								 * nothing else gives them one */
	bool		plain;			/* rows may go in without a statement */
	struct Stage *stage;		/* rows on their way (ingest_stage.h) */
} Target;

typedef enum TargetVerdict
{
	TARGET_FOUND,
	TARGET_MISSING,				/* no such table */
	TARGET_BUSY,				/* its lock is not free */
	TARGET_REFUSED				/* never; *reason says why */
} TargetVerdict;

/* Why a table is refused. */
typedef struct TargetRefusal
{
	IngestReject reject;
	const char *reason;			/* palloc */
} TargetRefusal;

/*
 * The table of this name in the schema, locked as for INSERT until the end of
 * the transaction, without waiting.  For the current user.  All of it is
 * allocated in the current context.
 */
extern TargetVerdict ingest_target_open(Oid schema, const char *name,
										Target **target,
										TargetRefusal *refusal);
extern void ingest_target_close(Target *target);

/* By name; InvalidAttrNumber: none. */
extern AttrNumber ingest_target_column(const Target *target,
									   const char *name);

#endif							/* RUSTS_INGEST_TARGET_H */
