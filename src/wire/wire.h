/*
 * wire.h
 *	  What line protocol is parsed into.
 *
 * All text is a slice: of the input where nothing had to be unescaped, of the
 * caller's arena otherwise (wireparser.h).  No slice ends with a zero byte.
 * docs/ingest.md states the grammar.
 */
#ifndef RUSTS_WIRE_H
#define RUSTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* measurement and tags as written, as in InfluxDB */
#define WIRE_MAX_KEY 65535

/* tags and fields of a line: a table has 1,600 columns, and one is the time */
#define WIRE_MAX_COLUMNS 1599

typedef struct WireText
{
	const char *data;
	size_t		len;
} WireText;

typedef enum WireType
{
	WIRE_FLOAT,
	WIRE_INTEGER,
	WIRE_UNSIGNED,
	WIRE_BOOLEAN,
	WIRE_STRING
} WireType;

typedef struct WireTag
{
	WireText	key;
	WireText	value;
} WireTag;

typedef struct WireField
{
	WireText	key;
	WireType	type;
	union
	{
		double		number;		/* finite */
		int64_t		integer;
		uint64_t	natural;	/* WIRE_UNSIGNED */
		bool		boolean;
		WireText	string;
	}			value;
} WireField;

/* Why a line is bad; wiretext_reason says it in words. */
typedef enum WireReason
{
	WIRE_GOOD,
	WIRE_NO_MEASUREMENT,
	WIRE_NO_TAG_KEY,
	WIRE_NO_TAG_VALUE,
	WIRE_BAD_TAG,
	WIRE_DUPLICATE_TAG,
	WIRE_NO_FIELDS,
	WIRE_NO_FIELD_KEY,
	WIRE_NO_FIELD_VALUE,
	WIRE_BAD_FIELD,
	WIRE_BAD_NUMBER,
	WIRE_INTEGER_RANGE,
	WIRE_UNSIGNED_RANGE,
	WIRE_FLOAT_RANGE,
	WIRE_BAD_BOOLEAN,
	WIRE_OPEN_QUOTE,
	WIRE_AFTER_QUOTE,
	WIRE_BAD_TIME,
	WIRE_TIME_RANGE,
	WIRE_AFTER_TIME,
	WIRE_LONG_KEY,
	WIRE_LONG_LINE,
	WIRE_MANY_COLUMNS
} WireReason;

#define WIRE_REASONS (WIRE_MANY_COLUMNS + 1)

/* One line that is neither blank nor a comment. */
typedef struct WireItem
{
	WireReason	reason;			/* what follows "source" is set when good */
	long		line;			/* of its first byte, from 1 */
	WireText	source;			/* slice of the input, no line end */

	WireText	measurement;
	const WireTag *tags;		/* in the order of the line */
	const WireField *fields;	/* no two with the same key */
	int			tag_count;
	int			field_count;
	bool		has_time;
	int64_t		time;			/* nanoseconds since 1970 */

	/*
	 * Lines with the same number have the same measurement, tag keys and
	 * field keys, in the same order.  Zero says nothing.
	 */
	uint64_t	shape;
} WireItem;

#endif							/* RUSTS_WIRE_H */
