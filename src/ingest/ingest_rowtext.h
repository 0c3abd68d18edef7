/*
 * ingest_rowtext.h
 *	  Rows of a query as JSON, CSV or JSON lines.
 */
#ifndef RUSTS_INGEST_ROWTEXT_H
#define RUSTS_INGEST_ROWTEXT_H

#include "executor/tuptable.h"
#include "lib/stringinfo.h"

typedef enum RowFormat
{
	ROWTEXT_JSON,				/* one object: columns, rows, row_count */
	ROWTEXT_CSV,
	ROWTEXT_LINES				/* one object a row, and a line */
} RowFormat;

/* How a timestamp is written: as ISO 8601, or as units since 1970. */
typedef enum RowEpoch
{
	ROWTEXT_ISO,
	ROWTEXT_NANOSECONDS,
	ROWTEXT_MICROSECONDS,
	ROWTEXT_MILLISECONDS,
	ROWTEXT_SECONDS,
	ROWTEXT_MINUTES,
	ROWTEXT_HOURS
} RowEpoch;

typedef struct RowText RowText;

/* The format's name as a parameter has it, or false. */
extern bool ingest_rowtext_parse_format(const char *name, RowFormat *format);
/* The best format of an Accept header; JSON when it knows none of ours. */
extern RowFormat ingest_rowtext_accept(const char *header);
extern bool ingest_rowtext_parse_epoch(const char *name, RowEpoch *epoch);
extern const char *ingest_rowtext_content_type(RowFormat format);

/*
 * Everything before the first row is appended to out.  The result is in
 * CurrentMemoryContext.
 */
extern RowText *ingest_rowtext_begin(RowFormat format, RowEpoch epoch,
									 TupleDesc columns, StringInfo out);
/* Append a row.  An error may leave part of it there. */
extern void ingest_rowtext_row(RowText *text, TupleTableSlot *slot,
							   StringInfo out);

/*
 * Everything after the last row.  error: fields of a JSON object that tell why
 * there are no more rows, or NULL.  False: the format cannot say that rows are
 * missing.
 */
extern bool ingest_rowtext_end(RowFormat format, uint64 rows, bool truncated,
							   const char *error, StringInfo out);

#endif							/* RUSTS_INGEST_ROWTEXT_H */
