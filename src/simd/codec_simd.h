/*
 * codec_simd.h
 *	  How the kernels get vectorised: plain C loops, compiled several times.
 *
 * CODEC_CLONES in front of a kernel compiles it once for the baseline and once
 * for each wider instruction set; the dynamic linker picks one at load time.
 * So the library runs wherever the baseline does, and is never built only for
 * the machine it was built on.  Inlined helpers of a kernel are CODEC_INLINE,
 * because only what is inlined into a clone is compiled for the clone's
 * machine.  A kernel is static, with a plain function around it when other
 * files call it: the dispatcher of a kernel that is not static would be
 * exported, whatever its visibility.
 *
 * Clones are switched off where they cannot work: other processors, C
 * libraries without indirect functions, sanitizers (whose run time is not yet
 * set up when the resolvers run), and on request with CODEC_NO_CLONES.
 */
#ifndef RUSTS_CODEC_SIMD_H
#define RUSTS_CODEC_SIMD_H

#include <stdint.h>
#include <stdlib.h>				/* defines __GLIBC__ where it applies */

#if defined(CODEC_NO_CLONES)
/* as asked for */
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CODEC_NO_CLONES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer) || __has_feature(coverage_sanitizer)
#define CODEC_NO_CLONES
#endif
#endif

/*
 * gcc vectorises loops of unknown length, and interleaved stores, from -O3 on.
 * This holds for all that follows, so a file with kernels includes this header
 * (or codec_bytes.h) before it defines anything.  Sanitizers would instrument
 * every unrolled step: half a minute for the bit packing alone.
 *
 * No fused multiply-add: wider machines have it, the baseline does not, and
 * encoders must come to the same bytes everywhere.
 */
#if defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#pragma GCC optimize("O3", "fp-contract=off")
#endif

#if !defined(CODEC_NO_CLONES) && defined(__x86_64__) && defined(__GLIBC__) && \
	((defined(__clang__) && __clang_major__ >= 14) || \
	 (!defined(__clang__) && defined(__GNUC__) && __GNUC__ >= 9))
#define CODEC_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define CODEC_CLONES
#endif

#define CODEC_INLINE static inline __attribute__((always_inline))

/* unaligned words in byte buffers, as a type the vectoriser understands */
typedef uint32_t CodecWord __attribute__((aligned(1), may_alias));

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define CODEC_LE32(x) __builtin_bswap32(x)
#define CODEC_LE64(x) __builtin_bswap64(x)
#else
#define CODEC_LE32(x) (x)
#define CODEC_LE64(x) (x)
#endif

#endif							/* RUSTS_CODEC_SIMD_H */
