/*
 * ingest_http.h
 *	  The HTTP port: libmicrohttpd inside the worker's loop.
 */
#ifndef RUSTS_INGEST_HTTP_H
#define RUSTS_INGEST_HTTP_H

/*
 * Open the port, unless it is open; what fails is logged.  Called again and
 * again until it returns true.
 */
extern bool ingest_http_open(void);

/* Settings may have changed, and files of HTTPS as well. */
extern void ingest_http_reload(void);

/* Read requests, send answers; never waits. */
extern void ingest_http_run(void);

/* How long the library can be left alone, in milliseconds, or most. */
extern long ingest_http_timeout(long most);

/* No new clients from now on. */
extern void ingest_http_close(void);

#endif							/* RUSTS_INGEST_HTTP_H */
