/*
 * test_crc32c.c
 *	  CRC32C against its definition, bit by bit.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/crc32c.h"
#include "unit.h"

#define LONGEST 9000

/* One more byte: the reflected polynomial, a bit at a time. */
static uint32_t
plain_step(uint32_t crc, uint8_t byte)
{
	int			i;

	crc ^= byte;
	for (i = 0; i < 8; i++)
		crc = (crc >> 1) ^ ((crc & 1) ? 0x82F63B78 : 0);
	return crc;
}

/* Every length, at the end of an allocation and at odd addresses. */
static void
check_lengths(void)
{
	uint8_t		bytes[LONGEST];
	uint32_t	start = (uint32_t) unit_random();
	uint32_t	expected = start;
	size_t		len;
	bool		same = true;

	for (len = 0; len < LONGEST; len++)
		bytes[len] = (uint8_t) unit_random();
	for (len = 0; len <= LONGEST; len++)
	{
		uint8_t    *copy = malloc(len + 1);

		memcpy(copy + 1, bytes, len);
		same &= crc32c_extend(start, copy + 1, len) == expected;
		free(copy);
		if (len < LONGEST)
			expected = plain_step(expected, bytes[len]);
	}
	UNIT_CHECK(same, "random bytes of all lengths");
}

/* The catalogued check value: the CRC of the digits 1 to 9. */
static void
check_catalogued(void)
{
	UNIT_CHECK((crc32c_extend(0xFFFFFFFF, "123456789", 9) ^ 0xFFFFFFFF) ==
			   0xE3069283, "catalogued value");
}

/* A message in pieces has the checksum of the whole. */
static void
check_pieces(void)
{
	uint8_t		bytes[LONGEST];
	uint32_t	whole;
	size_t		cut;
	bool		same = true;

	for (cut = 0; cut < LONGEST; cut++)
		bytes[cut] = (uint8_t) unit_random();
	whole = crc32c_extend(0, bytes, LONGEST);
	for (cut = 0; cut <= LONGEST; cut += 7)
		same &= crc32c_extend(crc32c_extend(0, bytes, cut), bytes + cut,
							  LONGEST - cut) == whole;
	UNIT_CHECK(same, "two pieces");
}

int
main(void)
{
	if (crc32c_available())
	{
		check_lengths();
		check_catalogued();
		check_pieces();
	}
	else
		UNIT_CHECK(true, "this machine has only the server's");
	return unit_finish("test_crc32c");
}
