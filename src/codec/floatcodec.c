/*
 * floatcodec.c
 *	  Float encodings: dispatch, and raw.
 *
 * CODEC_FLOAT_RAW is the patterns, 8 or 4 bytes each.  Whether a block holds
 * doubles or singles is not in the block: the column's type knows.
 */
#include "codec/alp.h"
#include "codec/codec_bytes.h"
#include "codec/gorilla.h"

size_t
floatcodec_bound(int n)
{
	/* the largest: GORILLA_BOUND is less for every n */
	return ALP_BOUND(n);
}

/* The integer encoding inside an ALP encoding; CODEC_NONE for others. */
static CodecEncoding
alp_integers(CodecEncoding encoding)
{
	switch (encoding)
	{
		case CODEC_FLOAT_ALP:
			return CODEC_INT_FOR;
		case CODEC_FLOAT_ALP_DELTA:
			return CODEC_INT_DELTA;
		case CODEC_FLOAT_ALP_PLANES:
			return CODEC_INT_PLANES;
		default:
			return CODEC_NONE;
	}
}

/* ------------------------------------------------------------- encoding */

static size_t
write_raw64(const double *values, int n, uint8_t *out)
{
	uint64_t	bits;
	int			i;

	for (i = 0; i < n; i++)
	{
		memcpy(&bits, &values[i], sizeof(bits));
		codec_store64(out + 8 * i, bits);
	}
	return 8 * (size_t) n;
}

static size_t
write_raw32(const float *values, int n, uint8_t *out)
{
	uint32_t	bits;
	int			i;

	for (i = 0; i < n; i++)
	{
		memcpy(&bits, &values[i], sizeof(bits));
		codec_store32(out + 4 * i, bits);
	}
	return 4 * (size_t) n;
}

static CodecStatus
write_alp64(CodecEncoding integers, const double *values, int n, uint8_t *out,
			size_t *len)
{
	AlpBlock	block;

	block.n = n;
	block.single = false;
	memcpy(block.values, values, (size_t) n * sizeof(double));
	memcpy(block.bits, values, (size_t) n * sizeof(double));
	return alp_write(&block, integers, out, len);
}

static CodecStatus
write_alp32(CodecEncoding integers, const float *values, int n, uint8_t *out,
			size_t *len)
{
	AlpBlock	block;
	uint32_t	bits;
	int			i;

	block.n = n;
	block.single = true;
	for (i = 0; i < n; i++)
	{
		memcpy(&bits, &values[i], sizeof(bits));
		block.bits[i] = bits;
		block.values[i] = values[i];
	}
	return alp_write(&block, integers, out, len);
}

/* out has room for floatcodec_bound(n) */
static CodecStatus
write64(CodecEncoding encoding, const double *values, int n, uint8_t *out,
		size_t *len)
{
	CodecEncoding integers = alp_integers(encoding);

	if (integers != CODEC_NONE)
		return write_alp64(integers, values, n, out, len);
	if (encoding == CODEC_FLOAT_GORILLA)
		*len = gorilla_encode64(values, n, out);
	else if (encoding == CODEC_FLOAT_RAW)
		*len = write_raw64(values, n, out);
	else
		return CODEC_UNFIT;
	return CODEC_OK;
}

static CodecStatus
write32(CodecEncoding encoding, const float *values, int n, uint8_t *out,
		size_t *len)
{
	CodecEncoding integers = alp_integers(encoding);

	if (integers != CODEC_NONE)
		return write_alp32(integers, values, n, out, len);
	if (encoding == CODEC_FLOAT_GORILLA)
		*len = gorilla_encode32(values, n, out);
	else if (encoding == CODEC_FLOAT_RAW)
		*len = write_raw32(values, n, out);
	else
		return CODEC_UNFIT;
	return CODEC_OK;
}

static CodecStatus
copy_out(const uint8_t *buffer, size_t len, uint8_t *out, size_t capacity)
{
	if (len > capacity)
		return CODEC_NOSPACE;
	memcpy(out, buffer, len);
	return CODEC_OK;
}

CodecStatus
floatcodec_encode(CodecEncoding encoding, const double *values, int n,
				  uint8_t *out, size_t capacity, size_t *len)
{
	uint8_t		buffer[ALP_BOUND(CODEC_BLOCK_ROWS)];
	CodecStatus status;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	if (capacity >= floatcodec_bound(n))
		return write64(encoding, values, n, out, len);
	status = write64(encoding, values, n, buffer, len);
	if (status != CODEC_OK)
		return status;
	return copy_out(buffer, *len, out, capacity);
}

CodecStatus
floatcodec_encode32(CodecEncoding encoding, const float *values, int n,
					uint8_t *out, size_t capacity, size_t *len)
{
	uint8_t		buffer[ALP_BOUND(CODEC_BLOCK_ROWS)];
	CodecStatus status;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	if (capacity >= floatcodec_bound(n))
		return write32(encoding, values, n, out, len);
	status = write32(encoding, values, n, buffer, len);
	if (status != CODEC_OK)
		return status;
	return copy_out(buffer, *len, out, capacity);
}

/* ------------------------------------------------------------- decoding */

static CodecStatus
read_raw64(const uint8_t *in, size_t len, double *out, int n)
{
	uint64_t	bits;
	int			i;

	if (len != 8 * (size_t) n)
		return len < 8 * (size_t) n ? CODEC_TRUNCATED : CODEC_CORRUPT;
	for (i = 0; i < n; i++)
	{
		bits = codec_load64(in + 8 * i);
		memcpy(&out[i], &bits, sizeof(bits));
	}
	return CODEC_OK;
}

static CodecStatus
read_raw32(const uint8_t *in, size_t len, float *out, int n)
{
	uint32_t	bits;
	int			i;

	if (len != 4 * (size_t) n)
		return len < 4 * (size_t) n ? CODEC_TRUNCATED : CODEC_CORRUPT;
	for (i = 0; i < n; i++)
	{
		bits = codec_load32(in + 4 * i);
		memcpy(&out[i], &bits, sizeof(bits));
	}
	return CODEC_OK;
}

/* *transposed says what the caller can take, and then what it got. */
static CodecStatus
read64(CodecEncoding encoding, const uint8_t *in, size_t len, double *out,
	   int n, bool *transposed)
{
	CodecEncoding integers = alp_integers(encoding);

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	if (integers != CODEC_NONE)
		return alp_read64(in, len, integers, out, n, transposed);
	*transposed = false;
	if (encoding == CODEC_FLOAT_GORILLA)
		return gorilla_decode64(in, len, out, n);
	if (encoding == CODEC_FLOAT_RAW)
		return read_raw64(in, len, out, n);
	return CODEC_UNFIT;
}

CodecStatus
floatcodec_decode(CodecEncoding encoding, const uint8_t *in, size_t len,
				  double *out, int n)
{
	bool		transposed = false;

	return read64(encoding, in, len, out, n, &transposed);
}

CodecStatus
floatcodec_decode_unordered(CodecEncoding encoding, const uint8_t *in,
							size_t len, double *out, int n, bool *transposed)
{
	*transposed = true;
	return read64(encoding, in, len, out, n, transposed);
}

CodecStatus
floatcodec_decode32(CodecEncoding encoding, const uint8_t *in, size_t len,
					float *out, int n)
{
	CodecEncoding integers = alp_integers(encoding);

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	if (integers != CODEC_NONE)
		return alp_read32(in, len, integers, out, n);
	if (encoding == CODEC_FLOAT_GORILLA)
		return gorilla_decode32(in, len, out, n);
	if (encoding == CODEC_FLOAT_RAW)
		return read_raw32(in, len, out, n);
	return CODEC_UNFIT;
}
