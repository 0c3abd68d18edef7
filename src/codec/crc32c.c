/*
 * crc32c.c
 *	  CRC32C of large buffers, where the processor helps.
 *
 * A CRC is linear: appending n zero bytes to a message multiplies its register
 * by x^(8n) modulo the polynomial, and the register of a concatenation is the
 * first part's, multiplied so, plus (exclusive or) the second part's.  The
 * multiplication by a constant is a carry-less one.  Both ways rest on that.
 *
 * Lanes: the processor's CRC instruction takes eight bytes a cycle but gives
 * its result after three, so one chain of them runs at a third of the speed.
 * Three chains over three adjacent lanes keep it busy; their 64-bit products
 * with the constants are reduced by the CRC instruction itself.
 *
 * Folding: the beginning of a message is moved n bytes on, which is two
 * multiplications for each 16 bytes, and added to what stands there.  No
 * reduction is needed before the last 16 bytes.  One instruction multiplies
 * in four places of a 64-byte vector; four vectors hide what it takes.
 *
 * References: Gopal et al., "Fast CRC Computation for Generic Polynomials Using
 * PCLMULQDQ Instruction", Intel, 2009; Gopal et al., "Fast CRC Computation for
 * iSCSI Polynomial Using CRC32 Instruction", Intel, 2011.
 */
#include "codec/crc32c.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define LANES_TARGET __attribute__((target("sse4.2,pclmul")))
#define LANES_STEP __attribute__((target("sse4.2,pclmul"), always_inline)) \
	static inline

#define FOLDING_FEATURES \
	"sse4.2,pclmul,avx512f,avx512bw,avx512vbmi,vpclmulqdq"
#define FOLDING_TARGET __attribute__((target(FOLDING_FEATURES)))
#define FOLDING_STEP __attribute__((target(FOLDING_FEATURES), always_inline)) \
	static inline

/* ---------- lanes ---------- */

/*
 * Lanes of two lengths: the long one nearly fills a storage chunk, the short
 * one serves what is left and small buffers.  The constants are x^(8n - 33)
 * and x^(16n - 33) modulo the polynomial, bits reflected: the reduction
 * multiplies by x^32, and a product of reflected numbers lacks a factor x.
 */
#define LONG_LANE 2688
#define LONG_BY_ONE 0x889774e1
#define LONG_BY_TWO 0x0e0126b2
#define SHORT_LANE 128
#define SHORT_BY_ONE 0x0d3b6092
#define SHORT_BY_TWO 0xb9e02b86

LANES_STEP uint64_t
load_word(const uint8_t *at)
{
	uint64_t	word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Product of a register and a constant, not reduced. */
LANES_STEP uint64_t
multiply(uint64_t crc, uint32_t constant)
{
	__m128i		a = _mm_cvtsi64_si128((int64_t) crc);
	__m128i		b = _mm_cvtsi64_si128((int64_t) constant);

	return (uint64_t) _mm_cvtsi128_si64(_mm_clmulepi64_si128(a, b, 0));
}

/* Three lanes of n bytes, n divisible by 8. */
LANES_STEP uint64_t
extend_lanes(uint64_t crc, const uint8_t *at, size_t n, uint32_t by_one,
			 uint32_t by_two)
{
	uint64_t	second = 0;
	uint64_t	third = 0;
	size_t		i;

	for (i = 0; i < n; i += 8)
	{
		crc = _mm_crc32_u64(crc, load_word(at + i));
		second = _mm_crc32_u64(second, load_word(at + n + i));
		third = _mm_crc32_u64(third, load_word(at + 2 * n + i));
	}
	return third ^ _mm_crc32_u64(0, multiply(crc, by_two) ^
								 multiply(second, by_one));
}

LANES_TARGET static uint32_t
extend_by_lanes(uint32_t crc, const uint8_t *at, size_t len)
{
	uint64_t	sum = crc;

	for (; len >= 3 * LONG_LANE; len -= 3 * LONG_LANE, at += 3 * LONG_LANE)
		sum = extend_lanes(sum, at, LONG_LANE, LONG_BY_ONE, LONG_BY_TWO);
	for (; len >= 3 * SHORT_LANE; len -= 3 * SHORT_LANE, at += 3 * SHORT_LANE)
		sum = extend_lanes(sum, at, SHORT_LANE, SHORT_BY_ONE, SHORT_BY_TWO);
	for (; len >= 8; len -= 8, at += 8)
		sum = _mm_crc32_u64(sum, load_word(at));
	for (; len > 0; len--, at++)
		sum = _mm_crc32_u8((uint32_t) sum, *at);
	return (uint32_t) sum;
}

/* ---------- folding ---------- */

#define VECTOR 64
#define VECTORS 4

/*
 * Memory is asked for this far ahead: the folds wait for their loads in order
 * and cannot look so far, and the processor's own prefetching stops at pages.
 */
#define AHEAD 2048

/* Shorter buffers are left to the lanes, which need not be put together. */
#define FOLDING_LEAST 128

/*
 * To fold n bytes on: x^(8n + 31) for the first half of 16 bytes, which has
 * eight bytes further to go, and x^(8n - 33) for the second, modulo the
 * polynomial, bits reflected.  A constant in the lower half of its word counts
 * x^32 times as much, and a product of reflected numbers lacks a factor x.
 */
static const uint64_t by_256[2] = {0xdcb17aa4, 0xb9e02b86};
static const uint64_t by_128[2] = {0x6992cea2, 0x0d3b6092};
static const uint64_t by_64[2] = {0x740eef02, 0x9e4addf8};

/* Each quarter of a vector onto the last: by 48, 32 and 16 bytes. */
static const uint64_t onto_last[8] = {
	0x1c291d04, 0xddc0152b, 0x3da6d0cb, 0xba4fc28e, 0xf20c0dfe, 0x493c7d27, 0, 0
};

FOLDING_STEP __m512i
load_vector(const void *at)
{
	return _mm512_loadu_si512(at);
}

FOLDING_STEP __m512i
load_constants(const uint64_t *pair)
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *) pair));
}

/* The vector moved on, plus what stands there. */
FOLDING_STEP __m512i
fold(__m512i vector, __m512i constants, __m512i there)
{
	__m512i		first = _mm512_clmulepi64_epi128(vector, constants, 0x00);
	__m512i		second = _mm512_clmulepi64_epi128(vector, constants, 0x11);

	return _mm512_ternarylogic_epi64(first, second, there, 0x96);
}

/*
 * The last bytes, fewer than a vector.  Vector and bytes together are shifted
 * so that they end with a vector: its beginning, behind zeros, is folded onto
 * the rest of it and the bytes.
 */
FOLDING_STEP __m512i
fold_rest(__m512i vector, const uint8_t *at, size_t len)
{
	const __m512i places =
		_mm512_set_epi64(0x3f3e3d3c3b3a3938, 0x3736353433323130,
						 0x2f2e2d2c2b2a2928, 0x2726252423222120,
						 0x1f1e1d1c1b1a1918, 0x1716151413121110,
						 0x0f0e0d0c0b0a0908, 0x0706050403020100);
	__mmask64	rest = ~UINT64_C(0) << (VECTOR - len);
	__m512i		rotated;

	rotated = _mm512_permutexvar_epi8(
		_mm512_add_epi8(places, _mm512_set1_epi8((char) len)), vector);
	return fold(_mm512_maskz_mov_epi8(rest, rotated), load_constants(by_64),
				_mm512_mask_loadu_epi8(rotated, rest, at + len - VECTOR));
}

/* A vector's register. */
FOLDING_STEP uint32_t
reduce(__m512i vector)
{
	__m512i		parts = fold(vector, load_vector(onto_last),
							 _mm512_maskz_mov_epi64(0xC0, vector));
	__m256i		halves = _mm256_xor_si256(_mm512_castsi512_si256(parts),
										  _mm512_extracti64x4_epi64(parts, 1));
	__m128i		last = _mm_xor_si128(_mm256_castsi256_si128(halves),
									 _mm256_extracti128_si256(halves, 1));
	uint64_t	crc = _mm_crc32_u64(0, (uint64_t) _mm_cvtsi128_si64(last));

	return (uint32_t) _mm_crc32_u64(crc, (uint64_t) _mm_extract_epi64(last, 1));
}

FOLDING_STEP void
prefetch_four(const uint8_t *at)
{
	_mm_prefetch((const char *) at, _MM_HINT_T0);
	_mm_prefetch((const char *) at + VECTOR, _MM_HINT_T0);
	_mm_prefetch((const char *) at + 2 * VECTOR, _MM_HINT_T0);
	_mm_prefetch((const char *) at + 3 * VECTOR, _MM_HINT_T0);
}

/* The first four vectors at *at and all fours after them, as one vector. */
FOLDING_STEP __m512i
fold_fours(__m512i first, const uint8_t **at, size_t *len)
{
	const __m512i far = load_constants(by_256);
	const __m512i half = load_constants(by_128);
	__m512i		v0 = first;
	__m512i		v1 = load_vector(*at + VECTOR);
	__m512i		v2 = load_vector(*at + 2 * VECTOR);
	__m512i		v3 = load_vector(*at + 3 * VECTOR);

	for (;;)
	{
		*at += VECTORS * VECTOR;
		*len -= VECTORS * VECTOR;
		if (*len < VECTORS * VECTOR)
			break;
		if (*len >= AHEAD + VECTORS * VECTOR)
			prefetch_four(*at + AHEAD);
		v0 = fold(v0, far, load_vector(*at));
		v1 = fold(v1, far, load_vector(*at + VECTOR));
		v2 = fold(v2, far, load_vector(*at + 2 * VECTOR));
		v3 = fold(v3, far, load_vector(*at + 3 * VECTOR));
	}
	return fold(fold(v0, half, v2), load_constants(by_64), fold(v1, half, v3));
}

/* len is at least FOLDING_LEAST. */
FOLDING_TARGET static uint32_t
extend_by_folding(uint32_t crc, const uint8_t *at, size_t len)
{
	__m512i		vector = _mm512_zextsi128_si512(_mm_cvtsi32_si128((int) crc));

	vector = _mm512_xor_si512(vector, load_vector(at));
	if (len >= VECTORS * VECTOR)
		vector = fold_fours(vector, &at, &len);
	else
	{
		at += VECTOR;
		len -= VECTOR;
	}
	for (; len >= VECTOR; at += VECTOR, len -= VECTOR)
		vector = fold(vector, load_constants(by_64), load_vector(at));
	if (len > 0)
		vector = fold_rest(vector, at, len);
	return reduce(vector);
}

/* ---------- choosing ---------- */

static Crc32cWay
ask_processor(void)
{
	if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul"))
		return CRC32C_NONE;
	if (__builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512vbmi") &&
		__builtin_cpu_supports("vpclmulqdq"))
		return CRC32C_FOLDING;
	return CRC32C_LANES;
}

Crc32cWay
crc32c_best(void)
{
	static int	best = -1;

	if (best < 0)
		best = ask_processor();
	return best;
}

uint32_t
crc32c_extend_by(Crc32cWay way, uint32_t crc, const void *data, size_t len)
{
	if (way == CRC32C_FOLDING && len >= FOLDING_LEAST)
		return extend_by_folding(crc, data, len);
	return extend_by_lanes(crc, data, len);
}

#else							/* not x86-64 */

Crc32cWay
crc32c_best(void)
{
	return CRC32C_NONE;
}

uint32_t
crc32c_extend_by(Crc32cWay way, uint32_t crc, const void *data, size_t len)
{
	return crc;
}

#endif

bool
crc32c_available(void)
{
	return crc32c_best() != CRC32C_NONE;
}

uint32_t
crc32c_extend(uint32_t crc, const void *data, size_t len)
{
	return crc32c_extend_by(crc32c_best(), crc, data, len);
}
