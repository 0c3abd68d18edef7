/*
 * intcodec.c
 *	  Integer encodings: dispatch, and the ones that are little more than a
 *	  frame.
 *
 * Layouts:
 *	  FOR      frame of the values
 *	  DELTA    varint of the value before the first row (zigzag), frame of the
 *	           differences in lane order
 *	  DOD      varint of the value before the first row, varint of the
 *	           difference before it (both zigzag), frame of the differences of
 *	           differences
 *	  RAW      8 bytes each
 *
 * "The value before the first row" is chosen so that the first difference is
 * the same as the second: then all n rows are alike and a constant interval
 * is a frame of width 0.
 *
 * All arithmetic is on uint64_t: modulo 2^64, so that nothing overflows and
 * every int64_t comes back.
 */
#include "codec/intcodec.h"

#include "codec/frame.h"

size_t
intcodec_bound(int n)
{
	return INTCODEC_BOUND(n);
}

CODEC_CLONES static void
kernel_differences(const uint64_t *restrict values, int n, uint64_t before,
					 uint64_t *restrict differences)
{
	int			i;

	differences[0] = values[0] - before;
	for (i = 1; i < n; i++)
		differences[i] = values[i] - values[i - 1];
}

void
intcodec_differences(const uint64_t *values, int n, uint64_t before,
					 uint64_t *differences)
{
	kernel_differences(values, n, before, differences);
}

/* The value before the first row, see the file's header. */
static uint64_t
value_before(const uint64_t *values, int n)
{
	return n > 1 ? values[0] - (values[1] - values[0]) : values[0];
}

/* ------------------------------------------------------------- encoders */

static uint8_t *
write_delta(const uint64_t *values, int n, uint8_t *out)
{
	uint64_t	differences[CODEC_BLOCK_ROWS];
	uint64_t	before = value_before(values, n);

	intcodec_differences(values, n, before, differences);
	out = codec_put_varint(out, codec_zigzag(before));
	return frame_write(differences, n, FRAME_LANES, out);
}

static uint8_t *
write_dod(const uint64_t *values, int n, uint8_t *out)
{
	uint64_t	first[CODEC_BLOCK_ROWS];
	uint64_t	second[CODEC_BLOCK_ROWS];
	uint64_t	before = value_before(values, n);

	intcodec_differences(values, n, before, first);
	intcodec_differences(first, n, first[0], second);
	out = codec_put_varint(out, codec_zigzag(before));
	out = codec_put_varint(out, codec_zigzag(first[0]));
	return frame_write(second, n, FRAME_ROWS, out);
}

static uint8_t *
write_raw(const uint64_t *values, int n, uint8_t *out)
{
	int			i;

	for (i = 0; i < n; i++, out += 8)
		codec_store64(out, values[i]);
	return out;
}

/* Returns NULL for what is not an integer encoding. */
static uint8_t *
write_encoding(CodecEncoding encoding, const uint64_t *values, int n,
			   uint8_t *out)
{
	switch (encoding)
	{
		case CODEC_INT_FOR:
			return frame_write(values, n, FRAME_ROWS, out);
		case CODEC_INT_DELTA:
			return write_delta(values, n, out);
		case CODEC_INT_DOD:
			return write_dod(values, n, out);
		case CODEC_INT_RLE:
			return intrle_write(values, n, out);
		case CODEC_INT_VARINT:
			return intvarint_write(values, n, out);
		case CODEC_INT_PLANES:
			return intplanes_write(values, n, out);
		case CODEC_INT_RAW:
			return write_raw(values, n, out);
		case CODEC_INT_SCALED:
			return intscaled_write(values, n, out);
		default:
			return NULL;
	}
}

CodecStatus
intcodec_encode(CodecEncoding encoding, const int64_t *values, int n,
				uint8_t *out, size_t capacity, size_t *len)
{
	uint8_t		buffer[INTCODEC_BOUND(CODEC_BLOCK_ROWS)];
	bool		direct = capacity >= INTCODEC_BOUND(n);
	uint8_t    *start = direct ? out : buffer;
	uint8_t    *end;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	/* encoders do not watch the end of their output, so it must be far */
	end = write_encoding(encoding, (const uint64_t *) values, n, start);
	if (end == NULL)
		return CODEC_UNFIT;
	*len = (size_t) (end - start);
	if (direct)
		return CODEC_OK;
	if (*len > capacity)
		return CODEC_NOSPACE;
	memcpy(out, buffer, *len);
	return CODEC_OK;
}

/* ------------------------------------------------------------- decoders */

static CodecStatus
read_delta(CodecReader *r, uint64_t *values, int n, bool *transposed)
{
	Frame		frame;
	uint64_t	before;
	CodecStatus status;

	status = codec_get_varint(r, &before);
	if (status != CODEC_OK)
		return status;
	status = frame_read(r, n, &frame);
	if (status != CODEC_OK)
		return status;
	before = codec_unzigzag(before);
	/* a progression is as quick in row order */
	if (n < CODEC_BLOCK_ROWS || frame.width == 0)
		*transposed = false;
	if (*transposed)
		frame_sums_lanes(&frame, before, values);
	else
		frame_sums(&frame, before, values);
	return CODEC_OK;
}

static CodecStatus
read_dod(CodecReader *r, uint64_t *values, int n)
{
	Frame		frame;
	uint64_t	before;
	uint64_t	difference;
	CodecStatus status;
	int			i;

	status = codec_get_varint(r, &before);
	if (status == CODEC_OK)
		status = codec_get_varint(r, &difference);
	if (status == CODEC_OK)
		status = frame_read(r, n, &frame);
	if (status != CODEC_OK)
		return status;
	before = codec_unzigzag(before);
	difference = codec_unzigzag(difference);
	frame_values(&frame, values);
	for (i = 0; i < n; i++)
	{
		difference += values[i];
		before += difference;
		values[i] = before;
	}
	return CODEC_OK;
}

static CodecStatus
read_for(CodecReader *r, uint64_t *values, int n)
{
	Frame		frame;
	CodecStatus status = frame_read(r, n, &frame);

	if (status == CODEC_OK)
		frame_values(&frame, values);
	return status;
}

static CodecStatus
read_raw(CodecReader *r, uint64_t *values, int n)
{
	const uint8_t *bytes;
	CodecStatus status = codec_get_bytes(r, 8 * (size_t) n, &bytes);
	int			i;

	for (i = 0; i < n && status == CODEC_OK; i++)
		values[i] = codec_load64(bytes + 8 * i);
	return status;
}

/* *transposed says what the caller can take, and then what it got. */
CodecStatus
intcodec_read(CodecEncoding encoding, CodecReader *r, uint64_t *values, int n,
			  bool *transposed)
{
	if (encoding == CODEC_INT_DELTA)
		return read_delta(r, values, n, transposed);
	if (encoding == CODEC_INT_SCALED)
		return intscaled_read(r, values, n, transposed);
	*transposed = false;
	switch (encoding)
	{
		case CODEC_INT_FOR:
			return read_for(r, values, n);
		case CODEC_INT_DOD:
			return read_dod(r, values, n);
		case CODEC_INT_RLE:
			return intrle_read(r, values, n);
		case CODEC_INT_VARINT:
			return intvarint_read(r, values, n);
		case CODEC_INT_PLANES:
			return intplanes_read(r, values, n);
		case CODEC_INT_RAW:
			return read_raw(r, values, n);
		default:
			return CODEC_UNFIT;
	}
}

static CodecStatus
decode(CodecEncoding encoding, const uint8_t *in, size_t len, int64_t *out,
	   int n, bool *transposed)
{
	CodecReader r = {in, in + len};
	CodecStatus status;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	status = intcodec_read(encoding, &r, (uint64_t *) out, n, transposed);
	if (status == CODEC_OK && r.pos != r.end)
		return CODEC_CORRUPT;
	return status;
}

CodecStatus
intcodec_decode(CodecEncoding encoding, const uint8_t *in, size_t len,
				int64_t *out, int n)
{
	bool		transposed = false;

	return decode(encoding, in, len, out, n, &transposed);
}

CodecStatus
intcodec_decode_unordered(CodecEncoding encoding, const uint8_t *in,
						  size_t len, int64_t *out, int n, bool *transposed)
{
	*transposed = true;
	return decode(encoding, in, len, out, n, transposed);
}
