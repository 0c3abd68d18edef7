/*
 * ingest_auth.c
 *	  Who a client is: roles and passwords of PostgreSQL.
 *
 * A password is checked against pg_authid as the server does it for method
 * "password": against its SCRAM or md5 secret, with VALID UNTIL.  pg_hba.conf
 * is about the server's own port and is not consulted here.
 *
 * Agents send their password with each request, and a SCRAM secret takes
 * milliseconds to check.  So what was right is remembered, as a salted hash,
 * until any role, membership or database changes.  What was wrong is not: wrong passwords
 * cost time, and an address that sends many has to wait, as has everybody whose
 * password is not remembered when there are very many.  A role that does not
 * exist takes as long as a wrong password.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "common/cryptohash.h"
#include "common/hashfn.h"
#include "common/sha2.h"
#include "compat/privilege.h"
#include "ingest/ingest_auth.h"
#include "ingest/ingest_settings.h"
#include "ingest/ingest_share.h"
#include "libpq/crypt.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define AUTH_REMEMBERED 256		/* a power of two */
#define AUTH_ADDRESSES 256

/* Failures that are checked at once, and how many a second after that. */
#define AUTH_BURST 10
#define AUTH_RATE 1
#define AUTH_BURST_ALL 50
#define AUTH_RATE_ALL 20

typedef struct Remembered
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	Oid			role;			/* InvalidOid: free */
	TimestampTz until;			/* VALID UNTIL */
} Remembered;

/* Failures that may still happen: refilled as time goes by. */
typedef struct Allowance
{
	uint32		address;		/* a hash: two addresses may share one */
	double		left;
	TimestampTz at;
} Allowance;

static Remembered remembered[AUTH_REMEMBERED];
static uint64 forgotten = 0;	/* how often all was */
static Allowance addresses[AUTH_ADDRESSES];
static Allowance everybody;
static uint8 salt[PG_SHA256_DIGEST_LENGTH];
static char *nobody_secret;		/* of no password */

static bool became = false;		/* another role, in this transaction */
static Oid	own_role;

static void
ingest_auth_forget(Datum arg, int cacheid, uint32 hashvalue)
{
	memset(remembered, 0, sizeof(remembered));
	forgotten++;
}

/*
 * At the end of the transaction: ourselves again.  An abort has reset the
 * current user by now, but not the session's.
 */
static void
ingest_auth_xact_callback(XactEvent event, void *arg)
{
	if (!became || event == XACT_EVENT_PRE_COMMIT ||
		event == XACT_EVENT_PRE_PREPARE)
		return;
	became = false;
	SetUserIdAndSecContext(own_role, 0);
	SetSessionAuthorization(own_role, true);
}

void
ingest_auth_init(void)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	own_role = GetUserId();
	if (!pg_strong_random(salt, sizeof(salt)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random salt")));
	nobody_secret = encrypt_password(PASSWORD_TYPE_SCRAM_SHA_256, "nobody",
									 "nothing");
	MemoryContextSwitchTo(old);
	CacheRegisterSyscacheCallback(AUTHOID, ingest_auth_forget, (Datum) 0);
	CacheRegisterSyscacheCallback(DATABASEOID, ingest_auth_forget, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, ingest_auth_forget,
								  (Datum) 0);
	RegisterXactCallback(ingest_auth_xact_callback, NULL);
}

/*
 * SECURITY_LOCAL_USERID_CHANGE is what functions with SECURITY DEFINER run
 * under: role and session authorization cannot be set.
 */
void
ingest_auth_become(Oid role)
{
	Assert(IsTransactionState() && !became);
	/* a write may have waited long, and PUBLIC's privileges need no role */
	if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("the role that writes does not exist any more")));
	became = true;
	SetSessionAuthorization(role, superuser_arg(role));
	SetUserIdAndSecContext(role, SECURITY_LOCAL_USERID_CHANGE);
}

/* ---------- how often one may be wrong ---------- */

static void
ingest_auth_refill(Allowance *allowance, int burst, int rate)
{
	TimestampTz now = GetCurrentTimestamp();
	double		seconds = (double) (now - allowance->at) / USECS_PER_SEC;

	if (allowance->at == 0)
		allowance->left = burst;
	else if (seconds > 0)
		allowance->left = Min(burst, allowance->left + seconds * rate);
	allowance->at = now;
}

static Allowance *
ingest_auth_allowance(const char *address)
{
	uint32		hash = hash_bytes((const unsigned char *) address,
								  (int) strlen(address));
	Allowance  *allowance = &addresses[hash % AUTH_ADDRESSES];

	if (allowance->address != hash)
	{
		/* somebody else's: not a new allowance, or two could take turns */
		allowance->address = hash;
		allowance->left = Min(allowance->left, AUTH_BURST);
	}
	ingest_auth_refill(allowance, AUTH_BURST, AUTH_RATE);
	ingest_auth_refill(&everybody, AUTH_BURST_ALL, AUTH_RATE_ALL);
	return allowance;
}

/* ---------- one name and password ---------- */

static void
ingest_auth_digest(const char *user, const char *password, uint8 *digest)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, salt, sizeof(salt)) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) user,
							 strlen(user) + 1) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) password,
							 strlen(password)) < 0 ||
		pg_cryptohash_final(context, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute a hash");
	pg_cryptohash_free(context);
}

static Remembered *
ingest_auth_place(const uint8 *digest)
{
	return &remembered[digest[0] & (AUTH_REMEMBERED - 1)];
}

static AuthVerdict
ingest_auth_check_role(HeapTuple tuple)
{
	Form_pg_authid form = (Form_pg_authid) GETSTRUCT(tuple);

	if (!form->rolcanlogin ||
		compat_database_aclcheck(MyDatabaseId, form->oid,
								 ACL_CONNECT) != ACLCHECK_OK)
		return AUTH_FORBIDDEN;
	return AUTH_GRANTED;
}

/* Is the password right?  Takes its time in any case. */
static bool
ingest_auth_password(const char *user, const char *password)
{
	const char *detail = NULL;
	char	   *secret = get_role_password(user, &detail);
	bool		right;

	right = plain_crypt_verify(user, secret ? secret : nobody_secret, password,
							   &detail) == STATUS_OK;
	return right && secret != NULL;
}

static AuthVerdict
ingest_auth_verify(const char *user, const char *password, Remembered *found)
{
	HeapTuple	tuple;
	AuthVerdict verdict;
	Datum		until;
	bool		isnull;

	if (!ingest_auth_password(user, password))
		return AUTH_DENIED;
	tuple = SearchSysCache1(AUTHNAME, CStringGetDatum(user));
	if (!HeapTupleIsValid(tuple))
		return AUTH_DENIED;
	verdict = ingest_auth_check_role(tuple);
	until = SysCacheGetAttr(AUTHNAME, tuple, Anum_pg_authid_rolvaliduntil,
							&isnull);
	found->until = isnull ? DT_NOEND : DatumGetTimestampTz(until);
	found->role = ((Form_pg_authid) GETSTRUCT(tuple))->oid;
	ReleaseSysCache(tuple);
	return verdict;
}

static AuthVerdict
ingest_auth_named(const char *user, const char *password, const char *address,
				  Oid *role)
{
	Remembered	asked = {{0}};
	Remembered *place;
	Allowance  *allowance;
	AuthVerdict verdict;
	uint64		before = forgotten;

	ingest_auth_digest(user, password, asked.digest);
	place = ingest_auth_place(asked.digest);
	if (OidIsValid(place->role) &&
		memcmp(place->digest, asked.digest, sizeof(asked.digest)) == 0 &&
		place->until > GetCurrentTimestamp())
	{
		*role = place->role;
		return AUTH_GRANTED;
	}
	allowance = ingest_auth_allowance(address);
	if (allowance->left < 1 || everybody.left < 1)
		return AUTH_SLOW_DOWN;
	verdict = ingest_auth_verify(user, password, &asked);
	if (verdict == AUTH_GRANTED)
	{
		*role = asked.role;
		/* what has changed while we looked may be what we looked at */
		if (before == forgotten)
			*place = asked;
		return verdict;
	}
	allowance->left -= 1;
	everybody.left -= 1;
	return verdict;
}

static AuthVerdict
ingest_auth_unnamed(Oid *role)
{
	if (ingest_settings_anonymous_role[0] == '\0')
		return AUTH_DENIED;
	*role = get_role_oid(ingest_settings_anonymous_role, true);
	return OidIsValid(*role) ? AUTH_GRANTED : AUTH_DENIED;
}

AuthVerdict
ingest_auth_check(const char *user, const char *password, const char *address,
				  Oid *role)
{
	MemoryContext old = CurrentMemoryContext;
	volatile AuthVerdict verdict = AUTH_UNAVAILABLE;

	*role = InvalidOid;
	PG_TRY();
	{
		StartTransactionCommand();
		if (user == NULL || !ingest_settings_auth)
			verdict = ingest_auth_unnamed(role);
		else
			verdict = ingest_auth_named(user, password, address, role);
		CommitTransactionCommand();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(old);
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
		verdict = AUTH_UNAVAILABLE;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	return verdict;
}

AuthVerdict
ingest_auth_anonymous(Oid *role)
{
	return ingest_auth_check(NULL, NULL, "", role);
}
