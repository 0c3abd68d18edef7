/*
 * ingest_names.c
 *	  Names of line protocol as names of tables and columns.
 *
 * A name is taken as it is, upper case, spaces and all, when it can be.  One
 * that is too long for an identifier, or that columns cannot have (ctid, xmin,
 * ...), is cut and gets an underscore and a hash of the whole at its end:
 *
 *	  a_measurement_with_a_very_long_name_that_is_cut_1b2c3d4e5f607182
 *
 * A name that already looks like that (63 bytes, the last 17 an underscore and
 * 16 hexadecimal digits, or a system column's with such an end) is cut in the
 * same way.  So what is taken as it is never equals what was made, and two
 * that were made are equal only if 64 bits of a hash are.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "ingest/ingest_names.h"
#include "mb/pg_wchar.h"

#define NAMES_HASH 17			/* with the underscore */
#define NAMES_ROOM (NAMEDATALEN - 1 - NAMES_HASH)

static const char *const system_names[] = {
	"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"
};

static bool
ingest_names_begins_as_system(const char *data, size_t len)
{
	int			i;

	for (i = 0; i < lengthof(system_names); i++)
		if (strlen(system_names[i]) == len &&
			memcmp(system_names[i], data, len) == 0)
			return true;
	return false;
}

/* Does it end as one that was made here? */
static bool
ingest_names_has_hash(const char *data, size_t len)
{
	size_t		i;

	if (len < NAMES_HASH || data[len - NAMES_HASH] != '_')
		return false;
	for (i = len - NAMES_HASH + 1; i < len; i++)
		if (strchr("0123456789abcdef", data[i]) == NULL)
			return false;
	return true;
}

static bool
ingest_names_fits(const char *data, size_t len)
{
	if (len >= NAMEDATALEN || ingest_names_begins_as_system(data, len))
		return false;
	if (!ingest_names_has_hash(data, len))
		return true;
	/* made names are cut at a character: up to three bytes shorter */
	return len < NAMEDATALEN - MAX_MULTIBYTE_CHAR_LEN &&
		!ingest_names_begins_as_system(data, len - NAMES_HASH);
}

void
ingest_names_identifier(WireText name, char *out)
{
	uint64		hash;
	int			len;

	if (ingest_names_fits(name.data, name.len))
	{
		memcpy(out, name.data, name.len);
		out[name.len] = '\0';
		return;
	}
	hash = hash_bytes_extended((const unsigned char *) name.data,
							   (int) name.len, 0);
	len = pg_mbcliplen(name.data, (int) name.len, NAMES_ROOM);
	snprintf(out, NAMEDATALEN, "%.*s_%08x%08x", len, name.data,
			 (uint32) (hash >> 32), (uint32) hash);
}
