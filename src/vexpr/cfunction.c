/*
 * cfunction.c
 *	  Our own SQL functions, by their symbols in the library.
 *
 * A symbol alone proves nothing: anybody's C function may have such a name in
 * a library of its own, and may be declared with other arguments than ours
 * are.  Ours are those that belong to our extension.  That is a look into
 * pg_depend, so what was found is remembered until some function changes.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_language_d.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "vexpr/cfunction.h"

#define CFUNCTION_EXTENSION "rusts"

typedef struct KnownFunction
{
	Oid			oid;			/* key */
	char		symbol[NAMEDATALEN];	/* empty: not ours */
} KnownFunction;

static HTAB *known = NULL;
static bool known_is_stale = false;

static void
cfunction_invalidate(Datum arg, int cache, uint32 hash)
{
	known_is_stale = true;
}

/* Make the table, or an empty one after something has changed. */
static void
cfunction_prepare(void)
{
	HASHCTL		ctl = {0};

	if (known != NULL && !known_is_stale)
		return;
	if (known == NULL)
		CacheRegisterSyscacheCallback(PROCOID, cfunction_invalidate,
									  (Datum) 0);
	else
		hash_destroy(known);
	known = NULL;
	known_is_stale = false;
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(KnownFunction);
	ctl.hcxt = TopMemoryContext;
	known = hash_create("rusts functions", 64, &ctl,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Does it belong to our extension? */
static bool
cfunction_is_member(Oid function)
{
	Oid			extension = getExtensionOfObject(ProcedureRelationId,
												 function);
	char	   *name;

	if (!OidIsValid(extension))
		return false;
	name = get_extension_name(extension);
	return name != NULL && strcmp(name, CFUNCTION_EXTENSION) == 0;
}

/* The symbol as the catalogs have it; false: not one of our functions. */
static bool
cfunction_look_up(Oid function, char *symbol)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		isnull;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId;
	if (result)
		strlcpy(symbol,
				TextDatumGetCString(SysCacheGetAttr(PROCOID, tuple,
													Anum_pg_proc_prosrc,
													&isnull)),
				NAMEDATALEN);
	ReleaseSysCache(tuple);
	return result && strncmp(symbol, "rusts_", 6) == 0 &&
		cfunction_is_member(function);
}

const char *
cfunction_symbol(Oid function)
{
	KnownFunction *entry;
	char		symbol[NAMEDATALEN];

	if (function < FirstNormalObjectId)
		return NULL;
	cfunction_prepare();
	entry = hash_search(known, &function, HASH_FIND, NULL);
	if (entry == NULL)
	{
		if (!cfunction_look_up(function, symbol))
			symbol[0] = '\0';
		/* an invalidation meanwhile only marks the table */
		entry = hash_search(known, &function, HASH_ENTER, NULL);
		strlcpy(entry->symbol, symbol, NAMEDATALEN);
	}
	return entry->symbol[0] == '\0' ? NULL : entry->symbol;
}

bool
cfunction_has_prefix(Oid function, const char *prefix)
{
	const char *symbol = cfunction_symbol(function);

	return symbol != NULL && strncmp(symbol, prefix, strlen(prefix)) == 0;
}
