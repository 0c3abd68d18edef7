/*
 * ingest_log.h
 *	  The server's log, for what clients can cause again and again.
 */
#ifndef RUSTS_INGEST_LOG_H
#define RUSTS_INGEST_LOG_H

typedef enum LogKind
{
	LOG_KIND_LISTEN,			/* a port cannot be opened */
	LOG_KIND_TLS,
	LOG_KIND_ROLE,				/* nobody to write as */
	LOG_KIND_CONNECTIONS,		/* too many */
	LOG_KIND_LOGIN,				/* failures of authentication */
	LOG_KIND_SLOW,				/* clients that took too long */
	LOG_KIND_MEMORY,			/* too much to hold */
	LOG_KIND_DROPPED,			/* lines that nobody waits for an answer to */
	LOG_KIND_SERVER,			/* errors of the server, answered by 500 */
	LOG_KIND_DATAGRAMS,			/* the system had no room for */
	LOG_KIND_COUNT
} LogKind;

/*
 * One line of a kind every ten seconds, or ten minutes where only a change of
 * settings can help.  The next one says how many there would have been in
 * between.  hint may be NULL.
 */
extern void ingest_log(LogKind kind, const char *hint, const char *format,
					   ...) pg_attribute_printf(3, 4);

/* Settings have changed: say it all again. */
extern void ingest_log_reset(void);

#endif							/* RUSTS_INGEST_LOG_H */
