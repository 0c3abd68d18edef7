/*
 * bytescodec.c
 *	  Byte strings: their lengths as integers, then the bytes.
 *
 * Layout:
 *	  1 byte      encoding of the lengths: CODEC_INT_FOR or CODEC_INT_RLE
 *	  varint      size of the encoded lengths
 *	  bytes       encoded lengths
 *	  bytes       the strings, one after the other
 */
#include "codec/intcodec.h"

size_t
bytescodec_bound(int n, size_t data_len)
{
	return INTCODEC_BOUND(n) + 1 + CODEC_VARINT_MAX + data_len;
}

/* Encode the lengths in the way that is smaller. */
static CodecEncoding
encode_lengths(const uint32_t *lengths, int n, uint8_t *out, size_t *len)
{
	int64_t		values[CODEC_BLOCK_ROWS];
	uint8_t		runs[INTCODEC_BOUND(CODEC_BLOCK_ROWS)];
	size_t		runs_len;
	int			i;

	for (i = 0; i < n; i++)
		values[i] = lengths[i];
	/* neither can fail: the buffers are as large as the bound */
	(void) intcodec_encode(CODEC_INT_FOR, values, n, out,
						   INTCODEC_BOUND(CODEC_BLOCK_ROWS), len);
	(void) intcodec_encode(CODEC_INT_RLE, values, n, runs, sizeof(runs),
						   &runs_len);
	if (runs_len >= *len)
		return CODEC_INT_FOR;
	memcpy(out, runs, runs_len);
	*len = runs_len;
	return CODEC_INT_RLE;
}

CodecStatus
bytescodec_encode(const uint32_t *lengths, int n,
				  const uint8_t *data, size_t data_len,
				  uint8_t *out, size_t capacity, size_t *len)
{
	uint8_t		head[INTCODEC_BOUND(CODEC_BLOCK_ROWS)];
	CodecEncoding encoding;
	size_t		head_len;
	size_t		size;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	encoding = encode_lengths(lengths, n, head, &head_len);
	size = 1 + codec_varint_size(head_len) + head_len;
	if (size > capacity || data_len > capacity - size)
		return CODEC_NOSPACE;
	*len = size + data_len;
	*out++ = (uint8_t) encoding;
	out = codec_put_varint(out, head_len);
	memcpy(out, head, head_len);
	if (data_len > 0)
		memcpy(out + head_len, data, data_len);
	return CODEC_OK;
}

/* The lengths, checked to add up to data_len. */
static CodecStatus
decode_lengths(CodecEncoding encoding, const uint8_t *in, size_t len,
			   size_t data_len, uint32_t *lengths, int n)
{
	int64_t		values[CODEC_BLOCK_ROWS];
	uint64_t	left = data_len;
	CodecStatus status;
	int			i;

	status = intcodec_decode(encoding, in, len, values, n);
	if (status != CODEC_OK)
		return status;
	for (i = 0; i < n; i++)
	{
		if ((uint64_t) values[i] > UINT32_MAX || (uint64_t) values[i] > left)
			return CODEC_CORRUPT;
		lengths[i] = (uint32_t) values[i];
		left -= (uint64_t) values[i];
	}
	return left == 0 ? CODEC_OK : CODEC_CORRUPT;
}

CodecStatus
bytescodec_decode(const uint8_t *in, size_t len, uint32_t *lengths, int n,
				  const uint8_t **data, size_t *data_len)
{
	CodecReader r = {in, in + len};
	const uint8_t *head;
	uint64_t	head_len;
	uint8_t		encoding;
	CodecStatus status;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	status = codec_get_byte(&r, &encoding);
	if (status != CODEC_OK)
		return status;
	if (encoding != CODEC_INT_FOR && encoding != CODEC_INT_RLE)
		return CODEC_CORRUPT;
	status = codec_get_varint(&r, &head_len);
	if (status != CODEC_OK)
		return status;
	if (head_len > INTCODEC_BOUND(n))
		return CODEC_CORRUPT;
	status = codec_get_bytes(&r, (size_t) head_len, &head);
	if (status != CODEC_OK)
		return status;
	*data = r.pos;
	*data_len = (size_t) (r.end - r.pos);
	return decode_lengths((CodecEncoding) encoding, head, (size_t) head_len,
						  *data_len, lengths, n);
}
