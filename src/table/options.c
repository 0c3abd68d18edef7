/*
 * options.c
 *	  Storage parameters of a rusts table, read from pg_class.reloptions.
 */
#include "postgres.h"

#include "codec/codec.h"
#include "table/options.h"

TableOptions *
options_get(Relation rel)
{
	TableOptions *options = palloc0(sizeof(TableOptions));

	options->flush_rows = 1000000;
	options->flush_size = INT64CONST(64) * 1024 * 1024;
	options->flush_age = INT64CONST(60) * 1000000;
	options->segment_rows = 1048576;
	options->hot_compression = CODEC_COMPRESSION_LZ4;
	options->cold_compression = CODEC_COMPRESSION_ZSTD;
	options->cold_after = INT64CONST(7) * 86400 * 1000000;
	return options;
}
