/*
 * spec.c
 *	  How a table's options become a segment specification.
 */
#include "postgres.h"

#include "codec/codec.h"
#include "option/options.h"
#include "write/spec.h"

void
spec_for_table(Relation rel, SegmentSpec *spec)
{
	TableOptions *options = options_get(rel);

	memset(spec, 0, sizeof(*spec));
	spec->time_attnum = options->time_attnum;
	spec->ntags = options->ntags;
	spec->tags = options->tags;
	spec->partition_interval = options->partition_interval;
	spec->max_rows = options->segment_rows;
	spec->compression = options->hot_compression;
	spec->level = options->hot_level;
	/* Who asks for zstd at once wants size more than speed. */
	spec->tier = options->hot_compression == CODEC_COMPRESSION_ZSTD ?
		TIER_COLD : TIER_HOT;
	spec->encoding = options->encoding;
}
