/*
 * optionname.c
 *	  Names of the storage parameters, without "rusts.".
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "option/optionname.h"

static const char *const option_names[OPTION_NAMES] = {
	[OPTION_TIME] = "time",
	[OPTION_TAGS] = "tags",
	[OPTION_PARTITION_INTERVAL] = "partition_interval",
	[OPTION_FLUSH_ROWS] = "flush_rows",
	[OPTION_FLUSH_SIZE] = "flush_size",
	[OPTION_FLUSH_AGE] = "flush_age",
	[OPTION_SEGMENT_ROWS] = "segment_rows",
	[OPTION_HOT_COMPRESSION] = "hot_compression",
	[OPTION_COLD_COMPRESSION] = "cold_compression",
	[OPTION_COLD_AFTER] = "cold_after",
	[OPTION_ENCODING] = "encoding",
};

const char *
optionname_of(OptionName option)
{
	return option_names[option];
}

bool
optionname_exists(const char *name)
{
	int			i;

	for (i = 0; i < OPTION_NAMES; i++)
	{
		if (strcmp(option_names[i], name) == 0)
			return true;
	}
	return false;
}

const char *
optionname_list(void)
{
	StringInfoData names;
	int			i;

	initStringInfo(&names);
	for (i = 0; i < OPTION_NAMES; i++)
		appendStringInfo(&names, "%srusts.%s", i > 0 ? ", " : "",
						 option_names[i]);
	return names.data;
}
