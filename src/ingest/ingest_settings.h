/*
 * ingest_settings.h
 *	  Settings of the ingest worker.
 */
#ifndef RUSTS_INGEST_SETTINGS_H
#define RUSTS_INGEST_SETTINGS_H

/* When an answer is sent (docs/ingest.md says what may be lost). */
typedef enum IngestWalMode
{
	INGEST_WAL_EVERY_WRITE,		/* after commit and flush of the WAL */
	INGEST_WAL_PERIODIC,		/* after commit; flush every interval */
	INGEST_WAL_OS_DEFAULT		/* after commit; never flush */
} IngestWalMode;

/* From the server's start on. */
extern int	ingest_settings_port;	/* HTTP; 0: off */
extern int	ingest_settings_tcp_port;
extern int	ingest_settings_udp_port;
extern char *ingest_settings_listen_addresses;
extern int	ingest_settings_workers;
extern char *ingest_settings_database;

/* May change at any SIGHUP. */
extern char *ingest_settings_schema;
extern int	ingest_settings_wal_mode;	/* IngestWalMode */
extern int	ingest_settings_wal_sync_interval;	/* milliseconds */
extern bool ingest_settings_auth;
extern char *ingest_settings_anonymous_role;	/* "": none */
extern int	ingest_settings_max_body;	/* kilobytes, unpacked */
extern int	ingest_settings_max_connections;	/* of a worker */
extern int	ingest_settings_timeout;	/* milliseconds */
extern int	ingest_settings_lock_timeout;	/* milliseconds */
extern bool ingest_settings_auto_create;
extern bool ingest_settings_unique;
extern char *ingest_settings_ssl_cert_file; /* "": no TLS */
extern char *ingest_settings_ssl_key_file;
extern int	ingest_settings_max_queries;	/* running at a time, of a worker */
extern int	ingest_settings_query_timeout;	/* milliseconds; 0: none */
extern int	ingest_settings_query_rows; /* 0: no limit */

extern void ingest_settings_init(void);

/* every_write, periodic, os_default. */
extern bool ingest_settings_parse_wal_mode(const char *name,
										   IngestWalMode *mode);

#endif							/* RUSTS_INGEST_SETTINGS_H */
