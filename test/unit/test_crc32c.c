/*
 * test_crc32c.c
 *	  CRC32C, each way of it that this machine has, against its definition.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/crc32c.h"
#include "unit.h"

#define LONGEST 9000
#define STARTS 4

/* all lengths up to here at all places in a line of the cache */
#define LONGEST_PLACED 2100
#define PLACES 64

static const char *const way_names[] = {"none", "lanes", "folding"};

static uint8_t bytes[LONGEST];

/* What the definition says: a register for each start and length. */
static uint32_t starts[STARTS] = {0, 0xFFFFFFFF};
static uint32_t expected[STARTS][LONGEST + 1];

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

static void
expect(void)
{
	size_t		len;
	int			i;

	for (len = 0; len < LONGEST; len++)
		bytes[len] = (uint8_t) unit_random();
	for (i = 0; i < STARTS; i++)
	{
		if (i >= 2)
			starts[i] = (uint32_t) unit_random();
		expected[i][0] = starts[i];
		for (len = 0; len < LONGEST; len++)
			expected[i][len + 1] = plain_step(expected[i][len], bytes[len]);
	}
}

/* A copy that ends where its allocation does, at a distance from its begin. */
static bool
same_placed(Crc32cWay way, size_t len, size_t place, int start)
{
	uint8_t    *copy = malloc(place + len + (place + len == 0));
	uint32_t	crc;

	memcpy(copy + place, bytes, len);
	crc = crc32c_extend_by(way, starts[start], copy + place, len);
	free(copy);
	return crc == expected[start][len];
}

static void
check_lengths(Crc32cWay way)
{
	size_t		len;
	size_t		place;
	int			start;
	bool		same = true;

	for (len = 0; len <= LONGEST; len++)
		for (start = 0; start < STARTS; start++)
			same &= same_placed(way, len, 1, start);
	UNIT_CHECK(same, way_names[way]);
	same = true;
	for (len = 0; len <= LONGEST_PLACED; len++)
		for (place = 0; place < PLACES; place++)
			same &= same_placed(way, len, place, (int) (place % STARTS));
	UNIT_CHECK(same, way_names[way]);
}

/*
 * Single bits: each of a message's bits goes through a different power of x,
 * so a wrong digit of any constant shows on its own.
 */
static void
check_bits(Crc32cWay way)
{
	static const size_t lens[] = {128, 191, 255, 256, 320, 511, 512, 1100};
	uint8_t		message[1100];
	uint32_t	crc;
	size_t		i;
	size_t		bit;
	size_t		at;
	bool		same = true;

	memset(message, 0, sizeof(message));
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (bit = 0; bit < 8 * lens[i]; bit++)
		{
			message[bit / 8] = (uint8_t) (1 << bit % 8);
			for (crc = 0, at = bit / 8; at < lens[i]; at++)
				crc = plain_step(crc, message[at]);
			same &= crc32c_extend_by(way, 0, message, lens[i]) == crc;
			message[bit / 8] = 0;
		}
	UNIT_CHECK(same, way_names[way]);
}

/* A message in pieces has the checksum of the whole. */
static void
check_pieces(Crc32cWay way)
{
	size_t		cut;
	size_t		other;
	uint32_t	crc;
	bool		same = true;

	for (cut = 0; cut <= LONGEST; cut++)
	{
		other = cut + unit_random() % (LONGEST + 1 - cut);
		crc = crc32c_extend_by(way, starts[2], bytes, cut);
		crc = crc32c_extend_by(way, crc, bytes + cut, other - cut);
		crc = crc32c_extend_by(way, crc, bytes + other, LONGEST - other);
		same &= crc == expected[2][LONGEST];
	}
	UNIT_CHECK(same, way_names[way]);
}

/* What the library calls; the check value in the catalogue of CRCs. */
static void
check_best(void)
{
	size_t		len;
	bool		same = true;

	for (len = 0; len <= LONGEST; len++)
		same &= crc32c_extend(starts[3], bytes, len) == expected[3][len];
	UNIT_CHECK(same, "best way");
	UNIT_CHECK((crc32c_extend(0xFFFFFFFF, "123456789", 9) ^ 0xFFFFFFFF) ==
			   0xE3069283, "catalogued value");
}

int
main(void)
{
	int			way;

	expect();
	for (way = CRC32C_LANES; way <= (int) crc32c_best(); way++)
	{
		check_lengths(way);
		check_bits(way);
		check_pieces(way);
	}
	if (crc32c_available())
		check_best();
	else
		UNIT_CHECK(true, "this machine has only the server's");
	return unit_finish("test_crc32c");
}
