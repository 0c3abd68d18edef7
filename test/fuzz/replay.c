/*
 * replay.c
 *	  Fuzzing without a fuzzer: a seeded corpus, then fresh mutations.
 *
 *	  replay [SECONDS]          every target: its corpus, then mutations
 *	  replay seeds DIR          write the corpus, a folder a target
 *	  replay TARGET FILE...     run files, as a fuzzer left them
 *
 * Works with any compiler.  The mutations begin from another number every time
 * (SEED=N repeats one); the number is printed, and the input that was running
 * is left in FUZZ_CRASH (default: fuzz-crash) when the program dies.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fuzz.h"
#include "unit.h"

#define MAX_SEEDS 400

typedef struct Input
{
	uint8_t    *data;
	size_t		size;
} Input;

static const char *crash_file = "fuzz-crash";

/* Every shape at a few sizes; returns how many. */
static int
make_corpus(const FuzzTarget *target, Input *corpus)
{
	static const int sizes[] = {1, 33, 300, 1024};
	static uint8_t out[FUZZ_MAX_INPUT];
	int			count = 0;
	int			shape;
	size_t		k;

	for (shape = 0; shape < MAX_SEEDS / 4; shape++)
	{
		for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
		{
			size_t		size = fuzz_seed(target, shape, sizes[k], out,
										 sizeof(out));

			if (size == 0)
				continue;
			corpus[count].data = unit_exact_copy(out, size);
			corpus[count].size = size;
			count++;
		}
	}
	return count;
}

static void
free_corpus(Input *corpus, int count)
{
	int			i;

	for (i = 0; i < count; i++)
		free(corpus[i].data);
}

/* One of the usual small changes; returns the new size. */
static size_t
mutate_once(uint8_t *data, size_t size)
{
	/* the first bytes decide the most */
	size_t		near = size < 40 ? size : 40;
	size_t		at = unit_random() % (unit_random() % 2 ? near : size);
	uint64_t	value = unit_random();
	size_t		count = 1 + value % 8;

	switch (unit_random() % 7)
	{
		case 0:
			data[at] ^= (uint8_t) (1 << value % 8);
			return size;
		case 1:
			data[at] = (uint8_t) value;
			return size;
		case 2:
			data[at] = value % 2 ? 0xff : 0x00;
			return size;
		case 3:
			data[at] += value % 2 ? 1 : 0xff;
			return size;
		case 4:
			return size - (size - at) / 2;
		case 5:
			if (size + count > FUZZ_MAX_INPUT)
				return size;
			memmove(data + at + count, data + at, size - at);
			memset(data + at, (int) (value >> 8 & 0xff), count);
			return size + count;
		default:
			if (at + count >= size)
				return size;
			memmove(data + at, data + at + count, size - at - count);
			return size - count;
	}
}

/* Leave the input where it can be found if it kills the program. */
static void
save_input(const uint8_t *data, size_t size, const char *path)
{
	FILE	   *file = fopen(path, "wb");

	if (file == NULL || fwrite(data, 1, size, file) != size)
	{
		perror(path);
		exit(EXIT_FAILURE);
	}
	fclose(file);
}

/* kept for the handler: what was running when the program died */
static const uint8_t *running_data = NULL;
static size_t running_size = 0;

extern void __asan_set_death_callback(void (*callback) (void))
			__attribute__((weak));

static void
save_running(void)
{
	if (running_data != NULL)
		save_input(running_data, running_size, crash_file);
}

/* a broken promise; the sanitizers have a callback of their own */
static void
handle_abort(int signal_number)
{
	(void) signal_number;
	save_running();
	_Exit(EXIT_FAILURE);
}

static void
run_input(const FuzzTarget *target, const uint8_t *data, size_t size)
{
	running_data = data;
	running_size = size;
	fuzz_run(target, data, size);
	running_data = NULL;
}

static long
run_mutations(const FuzzTarget *target, const Input *corpus, int count,
			  double budget)
{
	static uint8_t data[FUZZ_MAX_INPUT + 16];
	clock_t		end = clock() + (clock_t) (budget * CLOCKS_PER_SEC);
	long		runs = 0;

	while (clock() < end)
	{
		const Input *input = &corpus[unit_random() % (uint64_t) count];
		size_t		size = input->size;
		int			changes = 1 + (int) (unit_random() % 4);

		memcpy(data, input->data, size);
		while (changes-- > 0 && size > 2)
			size = mutate_once(data, size);
		run_input(target, data, size);
		runs++;
	}
	return runs;
}

static int
run_all(double budget)
{
	static Input corpus[MAX_SEEDS];
	uint64_t	seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) :
		(uint64_t) time(NULL);
	int			t;
	int			i;

	printf("SEED=%llu\n", (unsigned long long) seed);
	for (t = 0; t < fuzz_target_count; t++)
	{
		const FuzzTarget *target = &fuzz_targets[t];
		int			count = make_corpus(target, corpus);
		long		runs;
		uint64_t	skip;

		for (i = 0; i < count; i++)
			run_input(target, corpus[i].data, corpus[i].size);
		for (skip = seed % 100003; skip > 0; skip--)
			(void) unit_random();
		runs = run_mutations(target, corpus, count, budget / fuzz_target_count);
		printf("ok %s: %d seeds, %ld mutations\n", target->name, count, runs);
		fflush(stdout);
		free_corpus(corpus, count);
	}
	printf("%d passed, 0 failed\n", fuzz_target_count);
	return EXIT_SUCCESS;
}

static int
write_seeds(const char *folder)
{
	static Input corpus[MAX_SEEDS];
	char		path[1000];
	int			t;
	int			i;

	for (t = 0; t < fuzz_target_count; t++)
	{
		int			count = make_corpus(&fuzz_targets[t], corpus);

		snprintf(path, sizeof(path), "%s/%s", folder, fuzz_targets[t].name);
		(void) mkdir(path, 0777);
		for (i = 0; i < count; i++)
		{
			snprintf(path, sizeof(path), "%s/%s/%d", folder,
					 fuzz_targets[t].name, i);
			save_input(corpus[i].data, corpus[i].size, path);
		}
		free_corpus(corpus, count);
	}
	return EXIT_SUCCESS;
}

static int
run_file(const FuzzTarget *target, const char *path)
{
	static uint8_t data[FUZZ_MAX_INPUT];
	FILE	   *file = fopen(path, "rb");
	size_t		size;

	if (file == NULL)
	{
		perror(path);
		return EXIT_FAILURE;
	}
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	fuzz_run(target, data, size);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const FuzzTarget *target;
	int			status = EXIT_SUCCESS;
	int			i;

	if (getenv("FUZZ_CRASH") != NULL)
		crash_file = getenv("FUZZ_CRASH");
	signal(SIGABRT, handle_abort);
	if (__asan_set_death_callback != NULL)
		__asan_set_death_callback(save_running);
	if (argc <= 2 && (argc == 1 || atof(argv[1]) > 0))
		return run_all(argc == 1 ? 10 : atof(argv[1]));
	if (argc == 3 && strcmp(argv[1], "seeds") == 0)
		return write_seeds(argv[2]);
	target = fuzz_find(argv[1]);
	if (target == NULL)
	{
		fprintf(stderr, "replay: no target \"%s\"\n", argv[1]);
		return EXIT_FAILURE;
	}
	for (i = 2; i < argc; i++)
		status |= run_file(target, argv[i]);
	return status;
}
