/*
 * patches.c
 *	  Writing and reading the values of a block that are stored apart.
 *
 * Values are packed with the width of the largest, or as variable-length
 * integers when one large value among small ones would make that expensive (a
 * change of series among the tails of a random walk).
 */
#include "codec/patches.h"

#include "codec/bitpack.h"

#define VALUES_ARE_VARINTS 255

/* Size of the values in the smaller of the two forms; width says which. */
static size_t
values_size(const Patches *patches, unsigned *width)
{
	uint64_t	all = 0;
	size_t		varints = 0;
	size_t		packed;
	int			i;

	for (i = 0; i < patches->count; i++)
	{
		all |= patches->values[i];
		varints += codec_varint_size(patches->values[i]);
	}
	*width = codec_bit_length(all);
	packed = (patches->count * (size_t) *width + 7) / 8;
	if (packed <= varints)
		return packed;
	*width = VALUES_ARE_VARINTS;
	return varints;
}

static size_t
rows_size(const Patches *patches, int n)
{
	return (patches->count * (size_t) PATCHES_ROW_BITS(n) + 7) / 8;
}

size_t
patches_size(const Patches *patches, int n)
{
	unsigned	width;

	return codec_varint_size((uint64_t) patches->count - 1) + 1 +
		rows_size(patches, n) + values_size(patches, &width);
}

uint8_t *
patches_write(const Patches *patches, int n, uint8_t *out)
{
	unsigned	width;
	size_t		size = values_size(patches, &width);
	uint64_t	rows[CODEC_BLOCK_ROWS];
	int			i;

	out = codec_put_varint(out, (uint64_t) patches->count - 1);
	*out++ = (uint8_t) width;
	for (i = 0; i < patches->count; i++)
		rows[i] = patches->rows[i];
	bitpack_pack_sequence(rows, patches->count, PATCHES_ROW_BITS(n), out);
	out += rows_size(patches, n);
	if (width != VALUES_ARE_VARINTS)
	{
		bitpack_pack_sequence(patches->values, patches->count, width, out);
		return out + size;
	}
	for (i = 0; i < patches->count; i++)
		out = codec_put_varint(out, patches->values[i]);
	return out;
}

static CodecStatus
read_rows(CodecReader *r, int n, Patches *patches)
{
	uint64_t	rows[CODEC_BLOCK_ROWS];
	const uint8_t *bytes;
	CodecStatus status;
	int			i;

	status = codec_get_bytes(r, rows_size(patches, n), &bytes);
	if (status != CODEC_OK)
		return status;
	bitpack_unpack_sequence(bytes, patches->count, PATCHES_ROW_BITS(n), rows);
	for (i = 0; i < patches->count; i++)
	{
		if (rows[i] >= (uint64_t) n || (i > 0 && rows[i] <= rows[i - 1]))
			return CODEC_CORRUPT;
		patches->rows[i] = (uint16_t) rows[i];
	}
	return CODEC_OK;
}

static CodecStatus
read_values(CodecReader *r, unsigned width, Patches *patches)
{
	const uint8_t *bytes;
	CodecStatus status = CODEC_OK;
	int			i;

	if (width == VALUES_ARE_VARINTS)
	{
		for (i = 0; i < patches->count && status == CODEC_OK; i++)
			status = codec_get_varint(r, &patches->values[i]);
		return status;
	}
	if (width > 64)
		return CODEC_CORRUPT;
	status = codec_get_bytes(r, (patches->count * (size_t) width + 7) / 8,
							 &bytes);
	if (status == CODEC_OK)
		bitpack_unpack_sequence(bytes, patches->count, width, patches->values);
	return status;
}

CodecStatus
patches_read(CodecReader *r, int n, Patches *patches)
{
	CodecStatus status;
	uint64_t	count;
	uint8_t		width;

	status = codec_get_varint(r, &count);
	if (status != CODEC_OK)
		return status;
	if (count >= (uint64_t) n)
		return CODEC_CORRUPT;
	patches->count = (int) count + 1;
	status = codec_get_byte(r, &width);
	if (status != CODEC_OK)
		return status;
	status = read_rows(r, n, patches);
	if (status != CODEC_OK)
		return status;
	return read_values(r, width, patches);
}
