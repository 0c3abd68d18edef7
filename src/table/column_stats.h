/*
 * column_stats.h
 *	  Statistics of columns before the first ANALYZE.
 */
#ifndef RUSTS_COLUMN_STATS_H
#define RUSTS_COLUMN_STATS_H

extern void column_stats_init(void);

#endif							/* RUSTS_COLUMN_STATS_H */
