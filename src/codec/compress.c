/*
 * compress.c
 *	  General compression of a buffer with LZ4 or Zstandard.
 *
 * The output is what the libraries write (an LZ4 block, a Zstandard frame),
 * nothing around it: the caller keeps the raw length.
 *
 * Zstandard's contexts are large (hundreds of kB) and slow to set up, so one
 * of each is made at first use and kept for the life of the process.  There
 * are no threads here.
 */
#include "codec/codec.h"

#include <limits.h>
#include <lz4.h>
#include <string.h>
#include <zstd.h>

static ZSTD_CCtx *zstd_writer = NULL;
static ZSTD_DCtx *zstd_reader = NULL;

size_t
compress_bound(CodecCompression kind, size_t raw_len)
{
	switch (kind)
	{
		case CODEC_COMPRESSION_NONE:
			break;
		case CODEC_COMPRESSION_LZ4:
			/* LZ4_compressBound takes an int; this is its formula */
			return raw_len + raw_len / 255 + 16;
		case CODEC_COMPRESSION_ZSTD:
			return ZSTD_compressBound(raw_len);
	}
	return raw_len;
}

static CodecStatus
encode_lz4(const uint8_t *in, size_t raw_len,
		   uint8_t *out, size_t capacity, size_t *len)
{
	int			size;

	if (raw_len > LZ4_MAX_INPUT_SIZE)
		return CODEC_UNFIT;
	if (capacity > INT_MAX)
		capacity = INT_MAX;
	size = LZ4_compress_default((const char *) in, (char *) out,
								(int) raw_len, (int) capacity);
	if (size <= 0)
		return CODEC_NOSPACE;
	*len = (size_t) size;
	return CODEC_OK;
}

static CodecStatus
encode_zstd(int level, const uint8_t *in, size_t raw_len,
			uint8_t *out, size_t capacity, size_t *len)
{
	size_t		size;

	if (zstd_writer == NULL)
		zstd_writer = ZSTD_createCCtx();
	if (zstd_writer == NULL)
		return CODEC_UNFIT;
	/* level 0 is the library's default by its own convention */
	size = ZSTD_compressCCtx(zstd_writer, out, capacity, in, raw_len, level);
	if (ZSTD_isError(size))
		return CODEC_NOSPACE;
	*len = size;
	return CODEC_OK;
}

CodecStatus
compress_encode(CodecCompression kind, int level,
				const uint8_t *in, size_t raw_len,
				uint8_t *out, size_t capacity, size_t *len)
{
	switch (kind)
	{
		case CODEC_COMPRESSION_NONE:
			if (raw_len > capacity)
				return CODEC_NOSPACE;
			if (raw_len > 0)
				memcpy(out, in, raw_len);
			*len = raw_len;
			return CODEC_OK;
		case CODEC_COMPRESSION_LZ4:
			return encode_lz4(in, raw_len, out, capacity, len);
		case CODEC_COMPRESSION_ZSTD:
			return encode_zstd(level, in, raw_len, out, capacity, len);
	}
	return CODEC_UNFIT;
}

static CodecStatus
decode_lz4(const uint8_t *in, size_t len, uint8_t *out, size_t raw_len)
{
	int			size;

	if (len > INT_MAX || raw_len > INT_MAX)
		return CODEC_CORRUPT;
	size = LZ4_decompress_safe((const char *) in, (char *) out,
							   (int) len, (int) raw_len);
	return size >= 0 && (size_t) size == raw_len ? CODEC_OK : CODEC_CORRUPT;
}

static CodecStatus
decode_zstd(const uint8_t *in, size_t len, uint8_t *out, size_t raw_len)
{
	size_t		size;

	if (zstd_reader == NULL)
		zstd_reader = ZSTD_createDCtx();
	if (zstd_reader == NULL)
		return CODEC_UNFIT;
	size = ZSTD_decompressDCtx(zstd_reader, out, raw_len, in, len);
	return !ZSTD_isError(size) && size == raw_len ? CODEC_OK : CODEC_CORRUPT;
}

CodecStatus
compress_decode(CodecCompression kind, const uint8_t *in, size_t len,
				uint8_t *out, size_t raw_len)
{
	switch (kind)
	{
		case CODEC_COMPRESSION_NONE:
			if (len != raw_len)
				return CODEC_CORRUPT;
			if (raw_len > 0)
				memcpy(out, in, raw_len);
			return CODEC_OK;
		case CODEC_COMPRESSION_LZ4:
			return decode_lz4(in, len, out, raw_len);
		case CODEC_COMPRESSION_ZSTD:
			return decode_zstd(in, len, out, raw_len);
	}
	return CODEC_UNFIT;
}
