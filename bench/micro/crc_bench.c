/*
 * crc_bench.c
 *	  Speed of the checksums, on one core.
 *
 * Buffers of one size stand at the end of pages, as chunks do.  "cached" are
 * a few pages from the second level cache, "memory" more of them than any
 * cache holds.  The register goes from each buffer into the next, so what a
 * call takes at its beginning and end is not hidden by its neighbours.
 * Speeds are the best of nine rounds, in 10^9 bytes a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codec/crc32c.h"

#define PAGE 8192
#define CACHED_PAGES 64
#define MEMORY_PAGES 32768
#define ROUNDS 9

static const char *const way_names[] = {"none", "lanes", "folding"};

/* the result ends here, so that nothing is optimised away */
static volatile uint32_t sink;

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static double
time_pages(Crc32cWay way, const uint8_t *memory, size_t size, int pages)
{
	double		best = 1e9;
	uint32_t	crc = 0;
	int			round;
	int			i;

	for (round = 0; round < ROUNDS; round++)
	{
		double		start = seconds();

		for (i = 0; i < MEMORY_PAGES; i++)
			crc = crc32c_extend_by(way, crc, memory +
								   (size_t) (i % pages + 1) * PAGE - size,
								   size);
		start = seconds() - start;
		best = start < best ? start : best;
	}
	sink = crc;
	return 1e-9 * MEMORY_PAGES * (double) size / best;
}

int
main(void)
{
	static const size_t sizes[] = {100, 768, 2000, 8096};
	uint8_t    *memory = malloc((size_t) MEMORY_PAGES * PAGE);
	size_t		i;
	int			way;

	if (memory == NULL)
		return EXIT_FAILURE;
	for (i = 0; i < (size_t) MEMORY_PAGES * PAGE; i++)
		memory[i] = (uint8_t) (i * 2654435761u >> 13);
	printf("%8s %8s %8s %8s   10^9 bytes/s\n", "bytes", "way", "cached",
		   "memory");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (way = CRC32C_LANES; way <= (int) crc32c_best(); way++)
			printf("%8zu %8s %8.1f %8.1f\n", sizes[i], way_names[way],
				   time_pages(way, memory, sizes[i], CACHED_PAGES),
				   time_pages(way, memory, sizes[i], MEMORY_PAGES));
	free(memory);
	return EXIT_SUCCESS;
}
