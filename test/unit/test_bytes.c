/*
 * test_bytes.c
 *	  Byte strings, general compression, and the names of encodings.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/bytespieces.h"
#include "unit.h"

static void
fill_lengths(int shape, uint32_t *lengths, int n, size_t *data_len)
{
	int			i;

	*data_len = 0;
	for (i = 0; i < n; i++)
	{
		lengths[i] = shape == 0 ? 0 : shape == 1 ? 36 :
			shape == 2 ? (uint32_t) (unit_random() % 40) :
			i == n / 2 ? 100000 : (uint32_t) (i / 100 % 3);
		*data_len += lengths[i];
	}
}

/* No prefix of a block may pass for the block. */
static void
check_truncated(const uint8_t *bytes, size_t len, int n)
{
	uint32_t	lengths[CODEC_BLOCK_ROWS];
	const uint8_t *data;
	size_t		data_len;
	size_t		step = len / 300 + 1;
	size_t		cut;
	bool		noticed = true;

	for (cut = 0; cut < len; cut += step)
	{
		uint8_t    *copy = unit_exact_copy(bytes, cut);

		noticed &= bytescodec_decode(copy, cut, lengths, n, &data,
									 &data_len) != CODEC_OK;
		free(copy);
	}
	UNIT_CHECK(noticed, "truncated strings");
}

static void
check_strings(int shape, int n)
{
	uint32_t	lengths[CODEC_BLOCK_ROWS];
	uint32_t	out[CODEC_BLOCK_ROWS];
	size_t		data_len;
	size_t		len;
	size_t		out_len;
	uint8_t    *data;
	uint8_t    *bytes;
	const uint8_t *found;
	size_t		i;

	fill_lengths(shape, lengths, n, &data_len);
	data = malloc(data_len + 1);
	for (i = 0; i < data_len; i++)
		data[i] = (uint8_t) unit_random();
	bytes = malloc(bytescodec_bound(n, data_len));
	UNIT_CHECK(bytescodec_encode(lengths, n, data, data_len, bytes,
								 bytescodec_bound(n, data_len), &len) ==
			   CODEC_OK && len <= bytescodec_bound(n, data_len), "strings");
	UNIT_CHECK(bytescodec_decode(bytes, len, out, n, &found, &out_len) ==
			   CODEC_OK && out_len == data_len &&
			   memcmp(out, lengths, (size_t) n * sizeof(uint32_t)) == 0 &&
			   memcmp(found, data, data_len) == 0, "strings come back");
	UNIT_CHECK(bytescodec_encode(lengths, n, data, data_len, bytes, len - 1,
								 &out_len) == CODEC_NOSPACE, "no room");
	UNIT_CHECK(bytescodec_encode(lengths, n, data, data_len, bytes, len,
								 &out_len) == CODEC_OK, "just enough room");
	check_truncated(bytes, len, n);
	free(bytes);
	free(data);
}

/* Strings of a shape that fill several pieces, or none. */
static void
fill_long(int shape, uint32_t *lengths, int n, size_t *data_len)
{
	int			i;

	*data_len = 0;
	for (i = 0; i < n; i++)
	{
		lengths[i] = shape == 0 ? 0 : shape == 1 ? 3000 :
			shape == 2 ? (uint32_t) (unit_random() % 2000) :
			i % 300 == 5 ? 3 * BYTESPIECES_SIZE : (uint32_t) (i % 7);
		*data_len += lengths[i];
	}
}

/* Each string comes back from the piece that is said to hold it. */
static void
check_pieces_values(CodecCompression kind, const uint8_t *bytes,
					const BytesPieces *pieces, const uint8_t *data, int n)
{
	uint8_t    *raw = NULL;
	bool		same = true;
	int			current = -1;
	size_t		at = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		int			piece = bytespieces_find(pieces, i);

		if (piece != current)
		{
			free(raw);
			raw = malloc((size_t) pieces->raw[piece] + 1);
			same &= piece == current + 1 && pieces->first[piece] == i &&
				bytespieces_decode(kind, pieces, piece,
								   bytes + pieces->offset[piece],
								   raw) == CODEC_OK;
			current = piece;
			at = 0;
		}
		same &= memcmp(raw + at, data, pieces->lengths[i]) == 0;
		at += pieces->lengths[i];
		data += pieces->lengths[i];
	}
	UNIT_CHECK(same && current == pieces->n - 1, "strings come back from pieces");
	free(raw);
}

static void
check_pieces(CodecCompression kind, int shape, int n)
{
	uint32_t	lengths[CODEC_BLOCK_ROWS];
	BytesPieces *pieces = malloc(sizeof(BytesPieces));
	size_t		data_len;
	size_t		bound;
	size_t		len;
	size_t		head;
	size_t		cut;
	uint8_t    *data;
	uint8_t    *bytes;
	bool		noticed = true;
	size_t		i;

	fill_long(shape, lengths, n, &data_len);
	data = malloc(data_len + 1);
	for (i = 0; i < data_len; i++)
		data[i] = (uint8_t) (i / 100000 % 2 == 0 ? i / 1000 : unit_random());
	bound = bytespieces_bound(kind, lengths, n, data_len);
	bytes = malloc(bound);
	UNIT_CHECK(bytespieces_encode(kind, 0, lengths, n, data, data_len, bytes,
								  bound, &len) == CODEC_OK && len <= bound,
			   "pieces");
	head = len < BYTESPIECES_HEAD ? len : BYTESPIECES_HEAD;
	UNIT_CHECK(bytespieces_read(bytes, head, len, n, pieces) == CODEC_OK &&
			   memcmp(pieces->lengths, lengths,
					  (size_t) n * sizeof(uint32_t)) == 0, "head of pieces");
	check_pieces_values(kind, bytes, pieces, data, n);
	UNIT_CHECK(bytespieces_read(bytes, head, len + 1, n, pieces) ==
			   CODEC_CORRUPT, "bytes after pieces");
	for (cut = 0; cut < pieces->offset[0]; cut += head / 100 + 1)
	{
		uint8_t    *copy = unit_exact_copy(bytes, cut);

		noticed &= bytespieces_read(copy, cut, len, n, pieces) != CODEC_OK;
		free(copy);
	}
	UNIT_CHECK(noticed, "truncated head of pieces");
	UNIT_CHECK(bytespieces_encode(kind, 0, lengths, n, data, data_len, bytes,
								  bound - 1, &len) == CODEC_NOSPACE,
			   "no room for pieces");
	free(bytes);
	free(data);
	free(pieces);
}

static void
check_compression(CodecCompression kind, size_t raw_len, int alphabet)
{
	uint8_t    *raw = malloc(raw_len + 1);
	uint8_t    *back = malloc(raw_len + 1);
	size_t		bound = compress_bound(kind, raw_len);
	uint8_t    *bytes = malloc(bound + 1);
	size_t		len = 0;
	size_t		i;

	for (i = 0; i < raw_len; i++)
		raw[i] = (uint8_t) (unit_random() % (uint64_t) alphabet);
	UNIT_CHECK(compress_encode(kind, 0, raw, raw_len, bytes, bound, &len) ==
			   CODEC_OK && len <= bound, "compress");
	UNIT_CHECK(compress_decode(kind, bytes, len, back, raw_len) == CODEC_OK &&
			   memcmp(raw, back, raw_len) == 0, "decompress");
	if (raw_len > 0)
	{
		UNIT_CHECK(compress_decode(kind, bytes, len, back, raw_len - 1) ==
				   CODEC_CORRUPT, "too long");
		UNIT_CHECK(compress_decode(kind, bytes, len - 1, back, raw_len) ==
				   CODEC_CORRUPT, "truncated");
		UNIT_CHECK(compress_encode(kind, 0, raw, raw_len, bytes, len - 1,
								   &i) == CODEC_NOSPACE, "no room");
	}
	UNIT_CHECK(compress_decode(kind, bytes, len, back, raw_len + 1) ==
			   CODEC_CORRUPT, "too short");
	free(raw);
	free(back);
	free(bytes);
}

static void
check_names(void)
{
	static const char *const aliases[] = {
		"dod", "xor", "dict", "bitpack", "DELTA-OF-DELTA", "alp_delta"
	};
	int			encoding;
	size_t		i;

	for (encoding = 1; encoding < 64; encoding++)
	{
		const char *name = codec_encoding_name((CodecEncoding) encoding);

		UNIT_CHECK(strcmp(name, "unknown") == 0 ||
				   codec_encoding_by_name(name) == (CodecEncoding) encoding,
				   name);
	}
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		UNIT_CHECK(codec_encoding_by_name(aliases[i]) != CODEC_NONE,
				   aliases[i]);
	UNIT_CHECK(codec_encoding_by_name("no such thing") == CODEC_NONE, "name");
	UNIT_CHECK(codec_encoding_by_name("") == CODEC_NONE, "no name");
	UNIT_CHECK(strcmp(codec_status_message(CODEC_TRUNCATED),
					  codec_status_message(CODEC_CORRUPT)) != 0, "messages");
}

int
main(void)
{
	static const CodecCompression kinds[] = {
		CODEC_COMPRESSION_NONE, CODEC_COMPRESSION_LZ4, CODEC_COMPRESSION_ZSTD
	};
	int			shape;
	int			size;
	int			n;
	int			k;

	for (size = 0; unit_size(size, &n); size++)
	{
		for (shape = 0; shape < 4; shape++)
			check_strings(shape, n);
	}
	for (k = 0; k < 3; k++)
	{
		for (shape = 0; shape < 4; shape++)
		{
			check_pieces(kinds[k], shape, 1);
			check_pieces(kinds[k], shape, 100);
			check_pieces(kinds[k], shape, CODEC_BLOCK_ROWS);
		}
		check_compression(kinds[k], 0, 1);
		check_compression(kinds[k], 1, 1);
		check_compression(kinds[k], 100, 256);
		check_compression(kinds[k], 100000, 2);
		check_compression(kinds[k], 100000, 256);
	}
	check_names();
	return unit_finish("test_bytes");
}
