/*
 * unit.c
 *	  The harness of the unit tests: checks, random numbers, block sizes.
 */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* reports beyond this say nothing new */
#define MAX_REPORTS 20

static long passed = 0;
static long failed = 0;
static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

void
unit_check(bool ok, const char *label, const char *file, int line)
{
	if (ok)
	{
		passed++;
		return;
	}
	if (failed++ < MAX_REPORTS)
		printf("not ok: %s (%s:%d)\n", label, file, line);
}

int
unit_finish(const char *name)
{
	printf("%s: %ld passed, %ld failed\n", name, passed, failed);
	return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

uint8_t *
unit_exact_copy(const uint8_t *bytes, size_t len)
{
	/* malloc(0) may be NULL, which means failure elsewhere */
	uint8_t    *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

/* splitmix64 */
uint64_t
unit_random(void)
{
	uint64_t	z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* the sum of twelve uniform deviates is near enough */
double
unit_normal(void)
{
	double		sum = -6;
	int			i;

	for (i = 0; i < 12; i++)
		sum += (double) (unit_random() >> 11) / 9007199254740992.0;
	return sum;
}

bool
unit_size(int index, int *n)
{
	static const int sizes[] = {
		1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 64, 65, 255, 500, 1000, 1023, 1024
	};

	if (index >= (int) (sizeof(sizes) / sizeof(sizes[0])))
		return false;
	*n = sizes[index];
	return true;
}
