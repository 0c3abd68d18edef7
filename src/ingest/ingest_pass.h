/*
 * ingest_pass.h
 *	  One attempt to write some requests: what it knows and what it finds.
 *
 * An attempt is one transaction.  What it needs only as long as that is in the
 * pass's context; what the next attempt must know is in the group, which lives
 * until its requests are answered.
 */
#ifndef RUSTS_INGEST_PASS_H
#define RUSTS_INGEST_PASS_H

#include "ingest/ingest_request.h"
#include "ingest/ingest_share.h"
#include "ingest/ingest_target.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "wire/wire.h"

#define PASS_KEPT_ERRORS 8

/* What became of a request's lines. */
typedef struct Outcome
{
	int64		lines;
	int64		points;
	int64		rounded;
	int64		rejected[INGEST_REJECT_COUNT];
	int64		dropped;		/* the sum */
	long		first_line;		/* of those rejected, by number */
	char	   *first_message;	/* in the group's context */
	int			kept;
	IngestError errors[PASS_KEPT_ERRORS];
} Outcome;

/* A column that is not there yet. */
typedef struct NeedColumn
{
	char		name[NAMEDATALEN];
	bool		tag;
	WireType	type;
} NeedColumn;

/* A table that is not there yet, or that lacks columns. */
typedef struct Need
{
	char		table[NAMEDATALEN];
	List	   *columns;		/* NeedColumn, in the order of the line */
} Need;

/* What could not be made, and why: not to be asked for again. */
typedef struct RefusedName
{
	char		table[NAMEDATALEN]; /* both filled with zeroes */
	char		column[NAMEDATALEN];	/* "": the table */
} RefusedName;

typedef struct Refused
{
	RefusedName name;			/* the hash key */
	TargetRefusal refusal;
} Refused;

/* Requests that are answered together, and what was learnt about them. */
typedef struct WriteGroup
{
	MemoryContext context;
	Oid			role;
	IngestWalMode wal_mode;
	TimestampTz now;			/* for lines without a timestamp */
	int			count;
	WriteRequest **requests;
	Outcome    *outcomes;
	List	   *needs;			/* Need, of one attempt */
	HTAB	   *refused;		/* Refused; NULL: none */
	int			sqlstate;		/* of the error that ended an attempt */
	char	   *message;
} WriteGroup;

typedef struct Pass
{
	MemoryContext context;
	WriteGroup *group;
	int			first;			/* requests of the group */
	int			count;
	bool		careful;		/* an error costs a line, not the transaction */
	bool		busy;			/* some table's lock is not free */
	bool		incomplete;		/* something is needed: look, do not write */
	Oid			schema;
	HTAB	   *tables;			/* by name */
	HTAB	   *shapes;			/* by number */
	List	   *stages;			/* that were made, in order */
} Pass;

#endif							/* RUSTS_INGEST_PASS_H */
