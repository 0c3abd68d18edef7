/*
 * optionname.h
 *	  Names of the storage parameters, without "rusts.".
 */
#ifndef RUSTS_OPTIONNAME_H
#define RUSTS_OPTIONNAME_H

/* In the order in which they are parsed: the time column first. */
typedef enum OptionName
{
	OPTION_TIME,
	OPTION_TAGS,
	OPTION_PARTITION_INTERVAL,
	OPTION_FLUSH_ROWS,
	OPTION_FLUSH_SIZE,
	OPTION_FLUSH_AGE,
	OPTION_SEGMENT_ROWS,
	OPTION_HOT_COMPRESSION,
	OPTION_COLD_COMPRESSION,
	OPTION_COLD_AFTER,
	OPTION_ENCODING,
	OPTION_NAMES				/* how many there are */
} OptionName;

extern const char *optionname_of(OptionName option);
extern bool optionname_exists(const char *name);
/* All of them, for a hint. */
extern const char *optionname_list(void);

#endif							/* RUSTS_OPTIONNAME_H */
