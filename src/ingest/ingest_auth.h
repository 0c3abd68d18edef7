/*
 * ingest_auth.h
 *	  Who a client is: roles and passwords of PostgreSQL.
 */
#ifndef RUSTS_INGEST_AUTH_H
#define RUSTS_INGEST_AUTH_H

typedef enum AuthVerdict
{
	AUTH_GRANTED,
	AUTH_DENIED,				/* 401: name or password is wrong, or expired */
	AUTH_FORBIDDEN,				/* 403: no login, or not to this database */
	AUTH_SLOW_DOWN,				/* 429: too many failures, come back later */
	AUTH_UNAVAILABLE			/* 503: cannot be found out now */
} AuthVerdict;

extern void ingest_auth_init(void);

/*
 * Check a name and its password.  user NULL: the client gave none, and may be
 * anonymous.  address: the client's, for counting failures.  Outside of
 * transactions only.  Raises no error.
 */
extern AuthVerdict ingest_auth_check(const char *user, const char *password,
									 const char *address, Oid *role);

/* The role that plain TCP and UDP write as. */
extern AuthVerdict ingest_auth_anonymous(Oid *role);

/*
 * Become the role, in a transaction, until its end, in a way that SQL cannot
 * take back (no SET ROLE, no SET SESSION AUTHORIZATION).
 */
extern void ingest_auth_become(Oid role);

#endif							/* RUSTS_INGEST_AUTH_H */
