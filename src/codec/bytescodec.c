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
#include "codec/bytescodec.h"

size_t
bytescodec_bound(int n, size_t data_len)
{
	return BYTESHEAD_BOUND(n) + data_len;
}

uint8_t *
bytescodec_write_head(const int64_t *values, int n, uint8_t *out)
{
	uint8_t		packed[INTCODEC_BOUND(CODEC_BLOCK_ROWS)];
	uint8_t		runs[INTCODEC_BOUND(CODEC_BLOCK_ROWS)];
	size_t		packed_len;
	size_t		runs_len;
	bool		rle;
	size_t		len;

	/* neither can fail: the buffers are as large as the bound */
	(void) intcodec_encode(CODEC_INT_FOR, values, n, packed, sizeof(packed),
						   &packed_len);
	(void) intcodec_encode(CODEC_INT_RLE, values, n, runs, sizeof(runs),
						   &runs_len);
	rle = runs_len < packed_len;
	len = rle ? runs_len : packed_len;
	*out++ = (uint8_t) (rle ? CODEC_INT_RLE : CODEC_INT_FOR);
	out = codec_put_varint(out, len);
	memcpy(out, rle ? runs : packed, len);
	return out + len;
}

CodecStatus
bytescodec_read_head(CodecReader *r, int64_t *values, int n)
{
	const uint8_t *bytes;
	uint64_t	len;
	uint8_t		encoding;
	CodecStatus status;

	status = codec_get_byte(r, &encoding);
	if (status != CODEC_OK)
		return status;
	if (encoding != CODEC_INT_FOR && encoding != CODEC_INT_RLE)
		return CODEC_CORRUPT;
	status = codec_get_varint(r, &len);
	if (status != CODEC_OK)
		return status;
	if (len > INTCODEC_BOUND(n))
		return CODEC_CORRUPT;
	status = codec_get_bytes(r, (size_t) len, &bytes);
	if (status != CODEC_OK)
		return status;
	return intcodec_decode((CodecEncoding) encoding, bytes, (size_t) len,
						   values, n);
}

CodecStatus
bytescodec_encode(const uint32_t *lengths, int n,
				  const uint8_t *data, size_t data_len,
				  uint8_t *out, size_t capacity, size_t *len)
{
	uint8_t		head[BYTESHEAD_BOUND(CODEC_BLOCK_ROWS)];
	int64_t		values[CODEC_BLOCK_ROWS];
	size_t		head_len;
	int			i;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	for (i = 0; i < n; i++)
		values[i] = lengths[i];
	head_len = (size_t) (bytescodec_write_head(values, n, head) - head);
	if (head_len > capacity || data_len > capacity - head_len)
		return CODEC_NOSPACE;
	*len = head_len + data_len;
	memcpy(out, head, head_len);
	if (data_len > 0)
		memcpy(out + head_len, data, data_len);
	return CODEC_OK;
}

CodecStatus
bytescodec_decode(const uint8_t *in, size_t len, uint32_t *lengths, int n,
				  const uint8_t **data, size_t *data_len)
{
	CodecReader r = {in, in + len};
	int64_t		values[CODEC_BLOCK_ROWS];
	uint64_t	left;
	CodecStatus status;
	int			i;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	status = bytescodec_read_head(&r, values, n);
	if (status != CODEC_OK)
		return status;
	*data = r.pos;
	*data_len = (size_t) (r.end - r.pos);
	left = *data_len;
	for (i = 0; i < n; i++)
	{
		if ((uint64_t) values[i] > UINT32_MAX || (uint64_t) values[i] > left)
			return CODEC_CORRUPT;
		lengths[i] = (uint32_t) values[i];
		left -= (uint64_t) values[i];
	}
	return left == 0 ? CODEC_OK : CODEC_CORRUPT;
}
