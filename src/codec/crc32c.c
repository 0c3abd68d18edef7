/*
 * crc32c.c
 *	  CRC32C of large buffers, where the processor helps.
 *
 * The processor's CRC instruction takes eight bytes a cycle but gives its
 * result after three, so one chain of them runs at a third of the speed.
 * Three chains over three adjacent lanes keep it busy.  A CRC is linear:
 * appending n zero bytes to a message multiplies its register by x^(8n)
 * modulo the polynomial, and the register of a concatenation is the first
 * part's, multiplied so, plus (exclusive or) the second part's.  The
 * multiplication by a constant is a carry-less one, whose 64-bit product the
 * CRC instruction itself reduces.
 *
 * Reference: Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using
 * CRC32 Instruction", Intel, 2011.
 */
#include "codec/crc32c.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include <nmmintrin.h>
#include <wmmintrin.h>

#define CRC_TARGET __attribute__((target("sse4.2,pclmul")))
#define CRC_STEP __attribute__((target("sse4.2,pclmul"), always_inline)) \
	static inline

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

bool
crc32c_available(void)
{
	return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

CRC_STEP uint64_t
load_word(const uint8_t *at)
{
	uint64_t	word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Product of a register and a constant, not reduced. */
CRC_STEP uint64_t
multiply(uint64_t crc, uint32_t constant)
{
	__m128i		a = _mm_cvtsi64_si128((int64_t) crc);
	__m128i		b = _mm_cvtsi64_si128((int64_t) constant);

	return (uint64_t) _mm_cvtsi128_si64(_mm_clmulepi64_si128(a, b, 0));
}

/* Three lanes of n bytes, n divisible by 8. */
CRC_STEP uint64_t
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

CRC_TARGET uint32_t
crc32c_extend(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *at = data;
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

#else							/* not x86-64 */

bool
crc32c_available(void)
{
	return false;
}

uint32_t
crc32c_extend(uint32_t crc, const void *data, size_t len)
{
	return crc;
}

#endif
