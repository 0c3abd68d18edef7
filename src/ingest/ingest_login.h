/*
 * ingest_login.h
 *	  The name and password that an HTTP request brings along.
 */
#ifndef RUSTS_INGEST_LOGIN_H
#define RUSTS_INGEST_LOGIN_H

#include <microhttpd.h>

typedef enum LoginKind
{
	LOGIN_NONE,					/* it brings none */
	LOGIN_GIVEN,
	LOGIN_UNREADABLE			/* none that is understood here */
} LoginKind;

typedef struct IngestLogin
{
	LoginKind	kind;
	const char *user;			/* of LOGIN_GIVEN */
	const char *password;
	char	   *memory;			/* that they are in, or NULL */
	size_t		memory_len;
} IngestLogin;

/*
 * In this order, as InfluxDB 1.x has it: u and p of the URL; Authorization:
 * Token or Bearer with user:password, Basic.  Valid as long as the request.
 */
extern void ingest_login_read(struct MHD_Connection *connection,
							  IngestLogin *login);
extern void ingest_login_forget(IngestLogin *login);

#endif							/* RUSTS_INGEST_LOGIN_H */
