/*
 * entry.c
 *	  libFuzzer's entry point; FUZZ_TARGET names the target at build time.
 */
#include <stdlib.h>

#include "fuzz.h"

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const FuzzTarget *target = NULL;

	if (target == NULL)
		target = fuzz_find(STRING(FUZZ_TARGET));
	if (target == NULL)
		abort();
	fuzz_run(target, data, size);
	return 0;
}
