/*
 * options.h
 *	  What a rusts table was told: its storage parameters over the settings.
 */
#ifndef RUSTS_OPTIONS_H
#define RUSTS_OPTIONS_H

#include "utils/rel.h"

typedef struct TableOptions
{
	AttrNumber	time_attnum;	/* 0: no time column */
	Oid			time_type;		/* its type (base type of a domain) */
	int			ntags;
	AttrNumber *tags;			/* in the order given */
	int64		partition_interval; /* in the unit of the time column:
									 * microseconds, days (date) or a plain
									 * number (bigint); 0: one partition */
	int64		flush_rows;		/* 0: trigger off */
	int64		flush_size;		/* bytes */
	int64		flush_age;		/* microseconds */
	int			segment_rows;
	uint8		hot_compression;	/* CodecCompression */
	int			hot_level;
	uint8		cold_compression;
	int			cold_level;
	int64		cold_after;		/* microseconds */
	bool		compaction;		/* by the maintenance worker */
	int64		drop_after;		/* in the unit of the time column; 0: never */
	uint8	   *encoding;		/* CodecEncoding per attribute, CODEC_NONE:
								 * chosen by measured size; NULL: all so */
} TableOptions;

/*
 * Options of an open rusts table, allocated in CurrentMemoryContext.  Never
 * fails on what the catalog holds: a column that is gone counts as not named,
 * a value that no longer parses as not given.
 */
extern TableOptions *options_get(Relation rel);

/*
 * Check parameters (a list as of optionlist.h) against the table's columns,
 * and return them in the form in which they are stored.  Raises an error for
 * the first one that is not right.
 */
extern List *options_validate(Relation rel, List *parameters);

/* Is there a parameter rusts.name?  The names of all, for a hint. */
extern bool options_is_name(const char *name);
extern const char *options_all_names(void);

#endif							/* RUSTS_OPTIONS_H */
