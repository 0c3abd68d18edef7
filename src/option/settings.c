/*
 * settings.c
 *	  The rusts.* settings of the table access method.
 *
 * Three kinds: switches of single features (for comparing and for getting
 * out of trouble), budgets, and the defaults of the storage parameters, which
 * have the parameters' names.  A default applies whenever a table does not
 * say otherwise, also later: tables do not copy it.
 *
 * Durations and compressors are strings that a check hook turns into
 * numbers, so that they read the same in postgresql.conf and in WITH (...);
 * the numbers, not the strings, are what the code uses.
 */
#include "postgres.h"

#include <limits.h>

#include "codec/codec.h"
#include "common/int.h"
#include "compat/compat.h"
#include "option/namelist.h"
#include "option/settings.h"
#include "segment/segment_cache.h"
#include "utils/datetime.h"
#include "utils/guc.h"

bool		settings_enable_custom_scan = true;
bool		settings_enable_vectorized_agg = true;
bool		settings_enable_metadata_agg = true;
bool		settings_enable_ordered_scan = true;
bool		settings_enable_resident_workers = true;
bool		settings_enable_pruning = true;
bool		settings_place_workers = false;
bool		settings_enable_bulk_write = true;
int			settings_bulk_rows = 20000;
int			settings_bulk_memory = 256 * 1024;
int			settings_flush_memory = 256 * 1024;
int			settings_flush_rows = 1000000;
int			settings_flush_size = 64 * 1024;
int			settings_segment_rows = 1048576;
int			settings_maintenance_log_rows = 10000;
int64		settings_partition_interval_us;
int64		settings_flush_age_us;
int64		settings_cold_after_us;
bool		settings_compaction = true;
bool		settings_decode_retention = false;
int			settings_hot_method;
int			settings_hot_level;
int			settings_cold_method;
int			settings_cold_level;
char	   *settings_encoding;

/* the texts behind the numbers; only SHOW reads them */
static char *partition_interval_text;
static char *flush_age_text;
static char *cold_after_text;
static char *hot_compression_text;
static char *cold_compression_text;

typedef struct CompressionExtra
{
	int			method;
	int			level;
} CompressionExtra;

/*
 * Read an interval of fixed length: '24 hours', '60s', '1h', '7 days'; a
 * bare number is seconds.  Months and years are refused, their length varies.
 * The pieces of interval_in are called one by one because it throws.
 */
bool
settings_parse_duration(const char *text, int64 *usec)
{
	char		workbuf[256];
	char	   *field[MAXDATEFIELDS];
	int			ftype[MAXDATEFIELDS];
	struct pg_itm_in itm = {0};
	int64		days;
	int			nfields;
	int			dtype;

	if (ParseDateTime(text, workbuf, sizeof(workbuf), field, ftype,
					  MAXDATEFIELDS, &nfields) != 0 ||
		DecodeInterval(field, ftype, nfields, INTERVAL_FULL_RANGE, &dtype,
					   &itm) != 0 ||
		dtype != DTK_DELTA)
		return false;
	if (itm.tm_year != 0 || itm.tm_mon != 0)
		return false;
	days = (int64) itm.tm_mday * USECS_PER_DAY;
	if (pg_add_s64_overflow(days, itm.tm_usec, usec))
		return false;
	return *usec >= 0;
}

/* Read none, lz4, zstd or zstd:LEVEL. */
bool
settings_parse_compression(const char *text, int *method, int *level)
{
	char	   *end;
	long		number;

	*level = 0;
	if (pg_strcasecmp(text, "none") == 0)
		*method = CODEC_COMPRESSION_NONE;
	else if (pg_strcasecmp(text, "lz4") == 0)
		*method = CODEC_COMPRESSION_LZ4;
	else if (pg_strncasecmp(text, "zstd", 4) == 0)
	{
		*method = CODEC_COMPRESSION_ZSTD;
		if (text[4] == '\0')
			return true;
		if (text[4] != ':' || text[5] < '0' || text[5] > '9')
			return false;
		number = strtol(text + 5, &end, 10);
		if (*end != '\0' || number < 1 || number > 22)
			return false;
		*level = (int) number;
	}
	else
		return false;
	return true;
}

static bool
settings_check_duration(char **newval, void **extra, GucSource source)
{
	int64		usec;

	if (!settings_parse_duration(*newval, &usec))
	{
		GUC_check_errhint("Use an interval of fixed length such as '90s', '24 hours' or '7 days'.");
		return false;
	}
	*extra = guc_malloc(LOG, sizeof(int64));
	if (*extra == NULL)
		return false;
	*(int64 *) *extra = usec;
	return true;
}

static bool
settings_check_compression(char **newval, void **extra, GucSource source)
{
	CompressionExtra parsed;

	if (!settings_parse_compression(*newval, &parsed.method, &parsed.level))
	{
		GUC_check_errhint("Use none, lz4, zstd or zstd:LEVEL with a level from 1 to 22.");
		return false;
	}
	*extra = guc_malloc(LOG, sizeof(CompressionExtra));
	if (*extra == NULL)
		return false;
	*(CompressionExtra *) *extra = parsed;
	return true;
}

/*
 * Only the form is checked: columns differ from table to table, and a name
 * that a table does not have is ignored.
 */
static bool
settings_check_encoding(char **newval, void **extra, GucSource source)
{
	if (pg_strcasecmp(*newval, "auto") == 0 || namelist_check_pairs(*newval))
		return true;
	GUC_check_errhint("Use auto, or a list such as 'usage=gorilla,load=alp'.");
	return false;
}

static void
settings_assign_partition_interval(const char *newval, void *extra)
{
	settings_partition_interval_us = *(int64 *) extra;
}

static void
settings_assign_flush_age(const char *newval, void *extra)
{
	settings_flush_age_us = *(int64 *) extra;
}

static void
settings_assign_cold_after(const char *newval, void *extra)
{
	settings_cold_after_us = *(int64 *) extra;
}

static void
settings_assign_hot_compression(const char *newval, void *extra)
{
	settings_hot_method = ((CompressionExtra *) extra)->method;
	settings_hot_level = ((CompressionExtra *) extra)->level;
}

static void
settings_assign_cold_compression(const char *newval, void *extra)
{
	settings_cold_method = ((CompressionExtra *) extra)->method;
	settings_cold_level = ((CompressionExtra *) extra)->level;
}

static void
settings_define_switches(void)
{
	static const struct
	{
		const char *name;
		const char *description;
		bool	   *variable;
	}			switches[] =
	{
		{"rusts.enable_custom_scan",
			"Enables the planner's use of columnar scans of rusts tables.",
		&settings_enable_custom_scan},
		{"rusts.enable_vectorized_agg",
			"Enables the planner's use of vectorised aggregation over rusts tables.",
		&settings_enable_vectorized_agg},
		{"rusts.enable_metadata_agg",
			"Enables answering aggregates from segment metadata.",
		&settings_enable_metadata_agg},
		{"rusts.enable_ordered_scan",
			"Enables reading segments in time order in place of a sort.",
		&settings_enable_ordered_scan},
		{"rusts.enable_resident_workers",
			"Enables parallel workers that stay with their session.",
		&settings_enable_resident_workers},
		{"rusts.enable_pruning",
			"Enables skipping of segments and blocks that cannot match.",
		&settings_enable_pruning},
		{"rusts.enable_bulk_write",
			"Enables writing large commands directly into segments.",
		&settings_enable_bulk_write},
	};
	int			i;

	for (i = 0; i < lengthof(switches); i++)
		DefineCustomBoolVariable(switches[i].name, switches[i].description,
								 NULL, switches[i].variable,
								 *switches[i].variable, PGC_USERSET, 0,
								 NULL, NULL, NULL);
	DefineCustomBoolVariable("rusts.compaction",
							 "Has the maintenance worker merge segments.",
							 NULL, &settings_compaction, settings_compaction,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("rusts.decode_retention",
							 "Has logical decoding report rows that retention drops as deleted.",
							 NULL, &settings_decode_retention,
							 settings_decode_retention, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	/* it has the operating system do something (residentplace.c) */
	DefineCustomBoolVariable("rusts.place_workers",
							 "Wakes resident workers on another processor than their session's.",
							 "On Linux only.", &settings_place_workers,
							 settings_place_workers, PGC_SUSET, 0,
							 NULL, NULL, NULL);
}

static void
settings_define_numbers(void)
{
	DefineCustomIntVariable("rusts.bulk_rows",
							"Rows of one command after which it writes segments directly.",
							NULL, &settings_bulk_rows, 20000, 1, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.bulk_memory",
							"Memory for rows that a session buffers before it writes segments.",
							NULL, &settings_bulk_memory, 256 * 1024, 1024,
							MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.flush_memory",
							"Memory for rows that a flush sorts at a time.",
							NULL, &settings_flush_memory, 256 * 1024, 1024,
							MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.segment_cache_size",
							"Memory of a session for what it remembers of segments; 0 switches this off.",
							NULL, &segment_cache_size, 16 * 1024, 0,
							MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.flush_rows",
							"Hot rows of a table that start a flush; 0 switches this trigger off.",
							NULL, &settings_flush_rows, 1000000, 0,
							SETTINGS_FLUSH_ROWS_MAX, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.flush_size",
							"Size of a table's hot rows that starts a flush; 0 switches this trigger off.",
							NULL, &settings_flush_size, 64 * 1024, 0,
							SETTINGS_FLUSH_SIZE_MAX, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.segment_rows",
							"Rows of a segment after a flush.",
							NULL, &settings_segment_rows, 1048576,
							SETTINGS_SEGMENT_ROWS_MIN,
							SETTINGS_SEGMENT_ROWS_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	/* the log is everybody's: nobody may have that of others trimmed */
	DefineCustomIntVariable("rusts.maintenance_log_rows",
							"Entries that view rusts.maintenance_log keeps in a database; 0 switches the log off.",
							NULL, &settings_maintenance_log_rows, 10000, 0,
							SETTINGS_LOG_ROWS_MAX, PGC_SUSET, 0,
							NULL, NULL, NULL);
}

static void
settings_define_texts(void)
{
	DefineCustomStringVariable("rusts.partition_interval",
							   "Width of the time windows that a segment never crosses; 0 means one window.",
							   NULL, &partition_interval_text, "24 hours",
							   PGC_USERSET, 0, settings_check_duration,
							   settings_assign_partition_interval, NULL);
	DefineCustomStringVariable("rusts.flush_age",
							   "Age of the oldest hot row that starts a flush; 0 switches this trigger off.",
							   NULL, &flush_age_text, "60s",
							   PGC_USERSET, 0, settings_check_duration,
							   settings_assign_flush_age, NULL);
	DefineCustomStringVariable("rusts.cold_after",
							   "Age of a partition at which compaction rewrites it for the cold tier.",
							   NULL, &cold_after_text, "7 days",
							   PGC_USERSET, 0, settings_check_duration,
							   settings_assign_cold_after, NULL);
	DefineCustomStringVariable("rusts.hot_compression",
							   "General compressor of new segments.",
							   NULL, &hot_compression_text, "lz4",
							   PGC_USERSET, 0, settings_check_compression,
							   settings_assign_hot_compression, NULL);
	DefineCustomStringVariable("rusts.cold_compression",
							   "General compressor of segments in the cold tier.",
							   NULL, &cold_compression_text, "zstd",
							   PGC_USERSET, 0, settings_check_compression,
							   settings_assign_cold_compression, NULL);
	DefineCustomStringVariable("rusts.encoding",
							   "Encodings of columns, by name; auto chooses by measured size.",
							   NULL, &settings_encoding, "auto",
							   PGC_USERSET, 0, settings_check_encoding,
							   NULL, NULL);
}

/* Define the settings; called once, from _PG_init. */
void
settings_init(void)
{
	settings_define_switches();
	settings_define_numbers();
	settings_define_texts();
}
