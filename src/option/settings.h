/*
 * settings.h
 *	  The rusts.* settings of the table access method.
 */
#ifndef RUSTS_SETTINGS_H
#define RUSTS_SETTINGS_H

/* switches of the planner and executor */
extern bool settings_enable_custom_scan;
extern bool settings_enable_vectorized_agg;
extern bool settings_enable_metadata_agg;
extern bool settings_enable_ordered_scan;
extern bool settings_enable_resident_workers;
extern bool settings_enable_pruning;
extern bool settings_place_workers;

/* switches and budgets of writing */
extern bool settings_enable_bulk_write;
extern int	settings_bulk_rows; /* rows of one command */
extern int	settings_bulk_memory;	/* kB */
extern int	settings_flush_memory;	/* kB */

/* defaults of the storage parameters, for options.c */
extern int	settings_flush_rows;
extern int	settings_flush_size;	/* kB */
extern int	settings_segment_rows;
extern int	settings_maintenance_log_rows;
extern int64 settings_partition_interval_us;
extern int64 settings_flush_age_us;
extern int64 settings_cold_after_us;
extern bool settings_compaction;
extern bool settings_decode_retention;
extern int	settings_hot_method;	/* CodecCompression */
extern int	settings_hot_level;
extern int	settings_cold_method;
extern int	settings_cold_level;
extern char *settings_encoding;

/* bounds that settings and storage parameters share */
#define SETTINGS_FLUSH_ROWS_MAX 1000000000
#define SETTINGS_LOG_ROWS_MAX 1000000
#define SETTINGS_FLUSH_SIZE_MAX (1024 * 1024 * 1024)	/* kB */
#define SETTINGS_SEGMENT_ROWS_MIN 1024
#define SETTINGS_SEGMENT_ROWS_MAX (16 * 1024 * 1024)

/*
 * Text to value, for settings and storage parameters alike.  They return
 * false when the text does not parse, and never throw: check hooks run in
 * the postmaster.
 */
extern bool settings_parse_duration(const char *text, int64 *usec);
extern bool settings_parse_compression(const char *text, int *method,
									   int *level);

extern void settings_init(void);

#endif							/* RUSTS_SETTINGS_H */
