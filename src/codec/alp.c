/*
 * alp.c
 *	  Floats that are decimals, as integers (Afroozeh and Boncz, SIGMOD 2023).
 *
 * Layout:
 *	  1 byte      exponent (0..18), plus 128 for division
 *	  1 byte      factor (0..exponent; 0 for division)
 *	  varint      number of exceptions
 *	  bits        row numbers of the exceptions, ascending, as wide as n - 1
 *				  needs
 *	  bytes       patterns of the exceptions, 8 or 4 bytes each
 *	  bytes       the integers, in the encoding that the float encoding implies
 *
 * An exception is a value that the arithmetic does not give back bit for bit:
 * more digits than fit, -0, infinities, NaNs.  Its integer is that of the row
 * before, so that it widens nothing.
 */
#include "codec/alp.h"

#include "codec/alpscheme.h"
#include "codec/bitpack.h"
#include "codec/intcodec.h"
#include "codec/lanes.h"
#include "codec/patches.h"

#define DIVIDES 0x80

/* A block being read: arithmetic and exceptions. */
typedef struct AlpInput
{
	CodecReader r;
	int			n;
	AlpConstants constants;
	unsigned	pattern_size;	/* bytes */
	int			count;			/* of exceptions */
	const uint8_t *patterns;	/* in the input */
	uint64_t	rows[CODEC_BLOCK_ROWS];
} AlpInput;

/* A block in the form in which it is written. */
typedef struct AlpResult
{
	AlpScheme	scheme;
	int			wrong_count;
	int64_t		integers[CODEC_BLOCK_ROWS];
	uint64_t	wrong[CODEC_BLOCK_ROWS];
} AlpResult;

/* ------------------------------------------------------------- encoding */

static void
apply_scheme(const AlpBlock *block, AlpResult *result)
{
	AlpConstants c;

	alpscheme_constants(&result->scheme, &c);
	result->wrong_count = alpscheme_apply(&c, block, result->integers,
										  result->wrong);
}

/*
 * Choose on a sample, then look at all: where a multiplication fails for a few
 * values that the sample did not show, see what division does.
 */
static CodecStatus
make_integers(const AlpBlock *block, AlpResult *result)
{
	AlpResult	other;

	if (!alpscheme_choose(block, &result->scheme))
		return CODEC_UNFIT;
	apply_scheme(block, result);
	if (result->wrong_count > 0 && !result->scheme.divide)
	{
		other.scheme.divide = true;
		other.scheme.exponent = result->scheme.exponent - result->scheme.factor;
		other.scheme.factor = 0;
		apply_scheme(block, &other);
		if (other.wrong_count < result->wrong_count)
			*result = other;
	}
	return 2 * result->wrong_count > block->n ? CODEC_UNFIT : CODEC_OK;
}

/* Give exceptions the integer of the row before; the first ones, the next. */
static void
cover_exceptions(AlpResult *result, int n)
{
	int			i = 0;
	int64_t		integer;

	while (result->wrong[i] != 0)
		i++;					/* at least half are right */
	integer = result->integers[i];
	for (i = 0; i < n; i++)
	{
		if (result->wrong[i] != 0)
			result->integers[i] = integer;
		integer = result->integers[i];
	}
}

static uint8_t *
write_exceptions(const AlpBlock *block, const AlpResult *result, uint8_t *out)
{
	uint64_t	rows[CODEC_BLOCK_ROWS];
	int			count = 0;
	int			i;

	for (i = 0; i < block->n; i++)
	{
		if (result->wrong[i] != 0)
			rows[count++] = (uint64_t) i;
	}
	bitpack_pack_sequence(rows, count, PATCHES_ROW_BITS(block->n), out);
	out += (count * (size_t) PATCHES_ROW_BITS(block->n) + 7) / 8;
	for (i = 0; i < count; i++)
	{
		uint64_t	bits = block->bits[rows[i]];

		if (block->single)
			codec_store32(out, (uint32_t) bits);
		else
			codec_store64(out, bits);
		out += block->single ? 4 : 8;
	}
	return out;
}

CodecStatus
alp_write(const AlpBlock *block, CodecEncoding integers, uint8_t *out,
		  size_t *len)
{
	AlpResult	result;
	CodecStatus status = make_integers(block, &result);
	uint8_t    *start = out;
	size_t		integers_len;

	if (status != CODEC_OK)
		return status;
	*out++ = (uint8_t) (result.scheme.exponent |
						(result.scheme.divide ? DIVIDES : 0));
	*out++ = (uint8_t) result.scheme.factor;
	out = codec_put_varint(out, (uint64_t) result.wrong_count);
	if (result.wrong_count > 0)
	{
		out = write_exceptions(block, &result, out);
		cover_exceptions(&result, block->n);
	}
	status = intcodec_encode(integers, result.integers, block->n, out,
							 INTCODEC_BOUND(block->n), &integers_len);
	*len = (size_t) (out - start) + integers_len;
	return status;
}

/* ------------------------------------------------------------- decoding */

static CodecStatus
read_scheme(CodecReader *r, AlpConstants *c)
{
	const uint8_t *bytes;
	AlpScheme	scheme;
	CodecStatus status = codec_get_bytes(r, 2, &bytes);

	if (status != CODEC_OK)
		return status;
	scheme.divide = bytes[0] >= DIVIDES;
	scheme.exponent = bytes[0] % DIVIDES;
	scheme.factor = bytes[1];
	if (scheme.exponent > ALP_MAX_EXPONENT ||
		scheme.factor > (scheme.divide ? 0 : scheme.exponent))
		return CODEC_CORRUPT;
	alpscheme_constants(&scheme, c);
	return CODEC_OK;
}

static CodecStatus
read_exceptions(AlpInput *input)
{
	unsigned	row_bits = PATCHES_ROW_BITS(input->n);
	const uint8_t *bytes;
	uint64_t	count;
	CodecStatus status = codec_get_varint(&input->r, &count);
	int			i;

	if (status != CODEC_OK)
		return status;
	if (count > (uint64_t) input->n)
		return CODEC_CORRUPT;
	input->count = (int) count;
	status = codec_get_bytes(&input->r, (count * row_bits + 7) / 8, &bytes);
	if (status != CODEC_OK)
		return status;
	bitpack_unpack_sequence(bytes, input->count, row_bits, input->rows);
	for (i = 0; i < input->count; i++)
	{
		if (input->rows[i] >= (uint64_t) input->n ||
			(i > 0 && input->rows[i] <= input->rows[i - 1]))
			return CODEC_CORRUPT;
	}
	return codec_get_bytes(&input->r, count * input->pattern_size,
						   &input->patterns);
}

/* Everything but the arithmetic. */
static CodecStatus
read_block(AlpInput *input, CodecEncoding integers, int64_t *values,
		   bool *transposed)
{
	CodecReader *r = &input->r;
	CodecStatus status = read_scheme(r, &input->constants);

	if (status == CODEC_OK)
		status = read_exceptions(input);
	if (status != CODEC_OK)
		return status;
	if (*transposed)
		return intcodec_decode_unordered(integers, r->pos,
										 (size_t) (r->end - r->pos),
										 values, input->n, transposed);
	return intcodec_decode(integers, r->pos, (size_t) (r->end - r->pos),
						   values, input->n);
}

CodecStatus
alp_read64(const uint8_t *in, size_t len, CodecEncoding integers,
		   double *out, int n, bool *transposed)
{
	AlpInput	input;
	int64_t		values[CODEC_BLOCK_ROWS];
	CodecStatus status;
	int			i;

	input.r.pos = in;
	input.r.end = in + len;
	input.n = n;
	input.pattern_size = 8;
	status = read_block(&input, integers, values, transposed);
	if (status != CODEC_OK)
		return status;
	alpscheme_restore64(&input.constants, values, n, out);
	for (i = 0; i < input.count; i++)
	{
		uint64_t	bits = codec_load64(input.patterns + 8 * i);
		uint64_t	row = input.rows[i];

		memcpy(&out[*transposed ? LANES_SLOT(row) : row], &bits, 8);
	}
	return CODEC_OK;
}

CodecStatus
alp_read32(const uint8_t *in, size_t len, CodecEncoding integers,
		   float *out, int n)
{
	AlpInput	input;
	int64_t		values[CODEC_BLOCK_ROWS];
	bool		transposed = false;
	CodecStatus status;
	int			i;

	input.r.pos = in;
	input.r.end = in + len;
	input.n = n;
	input.pattern_size = 4;
	status = read_block(&input, integers, values, &transposed);
	if (status != CODEC_OK)
		return status;
	alpscheme_restore32(&input.constants, values, n, out);
	for (i = 0; i < input.count; i++)
	{
		uint32_t	bits = codec_load32(input.patterns + 4 * i);

		memcpy(&out[input.rows[i]], &bits, 4);
	}
	return CODEC_OK;
}
