/*
 * intvarint.c
 *	  Zigzag differences as variable-length integers.
 *
 * Layout: one varint a row, the zigzag difference to the row before; the one
 * before the first is 0.
 */
#include "codec/intcodec.h"

uint8_t *
intvarint_write(const uint64_t *values, int n, uint8_t *out)
{
	uint64_t	before = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		out = codec_put_varint(out, codec_zigzag(values[i] - before));
		before = values[i];
	}
	return out;
}

CodecStatus
intvarint_read(CodecReader *r, uint64_t *values, int n)
{
	uint64_t	sum = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		uint64_t	v;
		CodecStatus status;

		/* one byte is by far the most common */
		if (r->pos < r->end && *r->pos < 0x80)
			v = *r->pos++;
		else
		{
			status = codec_get_varint(r, &v);
			if (status != CODEC_OK)
				return status;
		}
		sum += codec_unzigzag(v);
		values[i] = sum;
	}
	return CODEC_OK;
}
