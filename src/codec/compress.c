/*
 * compress.c
 *	  General compression of a buffer with LZ4 or Zstandard.
 *
 * The output is what the libraries write (an LZ4 block, a Zstandard frame),
 * nothing around it: the caller keeps the raw length.
 *
 * Zstandard at its usual settings finds short matches in data that has none
 * worth having, such as planes of small differences, and pays for them: 0.46
 * bytes a value where the entropy is 0.27.  Told to look for long matches in a
 * tiny table it gives up and codes the bytes, 0.29.  Which is better depends
 * on the data, so both are tried; the second takes a fraction of the time.
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

#define SMALLEST_HASH_LOG 6

typedef struct RawBytes
{
	const uint8_t *data;
	size_t		len;
} RawBytes;

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

/* Settings under which only the entropy coder has work to do. */
static void
set_entropy_only(ZSTD_CCtx *c)
{
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, 1);
	ZSTD_CCtx_setParameter(c, ZSTD_c_strategy, ZSTD_fast);
	ZSTD_CCtx_setParameter(c, ZSTD_c_hashLog, SMALLEST_HASH_LOG);
	ZSTD_CCtx_setParameter(c, ZSTD_c_minMatch, 7);
}

/* One way or the other; SIZE_MAX when out is too small. */
static size_t
try_zstd(bool entropy_only, int level, const RawBytes *raw,
		 uint8_t *out, size_t capacity)
{
	size_t		size;

	ZSTD_CCtx_reset(zstd_writer, ZSTD_reset_session_and_parameters);
	if (entropy_only)
		set_entropy_only(zstd_writer);
	else
		ZSTD_CCtx_setParameter(zstd_writer, ZSTD_c_compressionLevel, level);
	size = ZSTD_compress2(zstd_writer, out, capacity, raw->data, raw->len);
	return ZSTD_isError(size) ? SIZE_MAX : size;
}

static CodecStatus
encode_zstd(int level, const uint8_t *in, size_t raw_len,
			uint8_t *out, size_t capacity, size_t *len)
{
	RawBytes raw = {in, raw_len};
	size_t		entropy_size;
	size_t		size;

	if (zstd_writer == NULL)
		zstd_writer = ZSTD_createCCtx();
	if (zstd_writer == NULL)
		return CODEC_UNFIT;
	entropy_size = try_zstd(true, level, &raw, out, capacity);
	/* level 0 is the library's default by its own convention */
	size = try_zstd(false, level, &raw, out, capacity);
	/* the quick way once more is cheaper than a buffer to keep its result */
	if (entropy_size < size)
		size = try_zstd(true, level, &raw, out, capacity);
	if (size == SIZE_MAX)
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
