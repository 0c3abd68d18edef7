/*
 * codec.h
 *	  What every codec shares: status codes, encodings, block geometry.
 *
 * A codec turns one block (up to CODEC_BLOCK_ROWS values of one column) into
 * bytes and back.  The caller owns all buffers; an encoder never writes past
 * the capacity it was given, a decoder never reads past the input or writes
 * past n values, whatever the bytes are.  No allocation, no errors thrown:
 * everything reports a CodecStatus.
 *
 * NULLs are not the codecs' business: the caller stores a bitmap and repeats
 * the previous value in their place, so positions in all columns agree.
 *
 * Numbers of encodings are on disk: never reuse or renumber one.
 */
#ifndef RUSTS_CODEC_H
#define RUSTS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CODEC_BLOCK_ROWS 1024

typedef enum CodecStatus
{
	CODEC_OK = 0,
	CODEC_TRUNCATED = -1,		/* input ended too early */
	CODEC_CORRUPT = -2,			/* input contradicts itself */
	CODEC_NOSPACE = -3,			/* output buffer too small */
	CODEC_UNFIT = -4			/* this encoding cannot hold these values */
} CodecStatus;

typedef enum CodecEncoding
{
	CODEC_NONE = 0,				/* invalid */
	/* integers (int64_t) */
	CODEC_INT_FOR = 1,			/* base + bit packing + patches */
	CODEC_INT_DELTA = 2,		/* differences, then as CODEC_INT_FOR */
	CODEC_INT_DOD = 3,			/* differences of differences, then FOR */
	CODEC_INT_RLE = 4,			/* runs */
	CODEC_INT_VARINT = 5,		/* zigzag + varint of differences */
	CODEC_INT_PLANES = 6,		/* differences or values as byte planes, for
								 * a general compressor */
	CODEC_INT_RAW = 7,			/* 8 bytes each, little-endian */
	CODEC_INT_SCALED = 8,		/* divided by a common divisor, then FOR or
								 * DELTA */
	/* floating point (double or float) */
	CODEC_FLOAT_RAW = 16,
	CODEC_FLOAT_GORILLA = 17,	/* XOR with the previous value */
	CODEC_FLOAT_ALP = 18,		/* decimals as integers, + exceptions */
	CODEC_FLOAT_ALP_DELTA = 19, /* as ALP, the integers as INT_DELTA */
	CODEC_FLOAT_ALP_PLANES = 20,	/* as ALP, the integers as INT_PLANES */
	/* byte strings */
	CODEC_BYTES_PLAIN = 32,		/* lengths, then bytes */
	CODEC_BYTES_FIXED = 33,		/* bytes of one width */
	CODEC_BYTES_PIECES = 34,	/* lengths, then pieces, each compressed */
	/* kept by the storage layer, the blocks hold integer codes */
	CODEC_DICTIONARY = 48,
	CODEC_SERIES = 49			/* a tag column, kept in the series index */
} CodecEncoding;

typedef enum CodecCompression
{
	CODEC_COMPRESSION_NONE = 0,
	CODEC_COMPRESSION_LZ4 = 1,
	CODEC_COMPRESSION_ZSTD = 2
} CodecCompression;

extern const char *codec_encoding_name(CodecEncoding encoding);
extern const char *codec_status_message(CodecStatus status);
/* CODEC_NONE / false when there is no such name */
extern CodecEncoding codec_encoding_by_name(const char *name);

/*
 * Integers.  encode: 0 < n <= CODEC_BLOCK_ROWS; *len is the size written.
 * Arithmetic is modulo 2^64, so every int64_t value round-trips.
 * bound: enough for any encoding of n values, a constant for n = 1024.
 */
extern size_t intcodec_bound(int n);
extern CodecStatus intcodec_encode(CodecEncoding encoding,
								   const int64_t *values, int n,
								   uint8_t *out, size_t capacity, size_t *len);
extern CodecStatus intcodec_decode(CodecEncoding encoding,
								   const uint8_t *in, size_t len,
								   int64_t *out, int n);

/*
 * As intcodec_decode, but leaves the values in the order in which they unpack
 * fastest and says so: *transposed true means out[i * 32 + lane] is row
 * lane * 32 + i (only for n = 1024).  For consumers that do not care about
 * order inside a block.
 */
extern CodecStatus intcodec_decode_unordered(CodecEncoding encoding,
											 const uint8_t *in, size_t len,
											 int64_t *out, int n,
											 bool *transposed);

/*
 * Floats: bit-exact for every pattern (NaN payloads, -0, infinities,
 * subnormals), double and single precision.
 */
extern size_t floatcodec_bound(int n);
extern CodecStatus floatcodec_encode(CodecEncoding encoding,
									 const double *values, int n,
									 uint8_t *out, size_t capacity,
									 size_t *len);
extern CodecStatus floatcodec_decode(CodecEncoding encoding,
									 const uint8_t *in, size_t len,
									 double *out, int n);
extern CodecStatus floatcodec_decode_unordered(CodecEncoding encoding,
											   const uint8_t *in, size_t len,
											   double *out, int n,
											   bool *transposed);
extern CodecStatus floatcodec_encode32(CodecEncoding encoding,
									   const float *values, int n,
									   uint8_t *out, size_t capacity,
									   size_t *len);
extern CodecStatus floatcodec_decode32(CodecEncoding encoding,
									   const uint8_t *in, size_t len,
									   float *out, int n);

/*
 * Byte strings, PLAIN: lengths[i] bytes each, concatenated in data.  decode
 * does not copy: *data points into the input, and the lengths are checked to
 * add up to exactly *data_len.
 */
extern size_t bytescodec_bound(int n, size_t data_len);
extern CodecStatus bytescodec_encode(const uint32_t *lengths, int n,
									 const uint8_t *data, size_t data_len,
									 uint8_t *out, size_t capacity,
									 size_t *len);
extern CodecStatus bytescodec_decode(const uint8_t *in, size_t len,
									 uint32_t *lengths, int n,
									 const uint8_t **data, size_t *data_len);

/*
 * General compression of a whole buffer.  level: 0 = the library's default
 * for zstd, ignored by lz4.  decompress: raw_len is known to the caller and
 * must come out exactly.
 */
extern size_t compress_bound(CodecCompression kind, size_t raw_len);
extern CodecStatus compress_encode(CodecCompression kind, int level,
								   const uint8_t *in, size_t raw_len,
								   uint8_t *out, size_t capacity, size_t *len);
extern CodecStatus compress_decode(CodecCompression kind,
								   const uint8_t *in, size_t len,
								   uint8_t *out, size_t raw_len);

#endif							/* RUSTS_CODEC_H */
