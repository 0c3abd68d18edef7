/*
 * ingest_settings.c
 *	  Settings of the ingest worker.
 *
 * Ports and the like are read when the server starts, because the postmaster
 * learns then which workers there are.  All others are read again at SIGHUP.
 */
#include "postgres.h"

#include <limits.h>

#include "ingest/ingest_settings.h"
#include "miscadmin.h"
#include "utils/guc.h"

#define SETTINGS_MAX_WORKERS 32

int			ingest_settings_port = 0;
int			ingest_settings_tcp_port = 0;
int			ingest_settings_udp_port = 0;
char	   *ingest_settings_listen_addresses;
int			ingest_settings_workers = 1;
char	   *ingest_settings_database;
char	   *ingest_settings_schema;
int			ingest_settings_wal_mode = INGEST_WAL_PERIODIC;
int			ingest_settings_wal_sync_interval = 100;
bool		ingest_settings_auth = true;
char	   *ingest_settings_anonymous_role;
int			ingest_settings_max_body = 25 * 1024;
int			ingest_settings_max_connections = 256;
int			ingest_settings_timeout = 30 * 1000;
int			ingest_settings_lock_timeout = 1000;
bool		ingest_settings_auto_create = true;
bool		ingest_settings_unique = false;
char	   *ingest_settings_ssl_cert_file;
char	   *ingest_settings_ssl_key_file;
int			ingest_settings_max_queries = 4;
int			ingest_settings_query_timeout = 30 * 1000;
int			ingest_settings_query_rows = 100000;

static const struct config_enum_entry wal_modes[] = {
	{"every_write", INGEST_WAL_EVERY_WRITE, false},
	{"periodic", INGEST_WAL_PERIODIC, false},
	{"os_default", INGEST_WAL_OS_DEFAULT, false},
	{NULL, 0, false}
};

bool
ingest_settings_parse_wal_mode(const char *name, IngestWalMode *mode)
{
	const struct config_enum_entry *entry;

	for (entry = wal_modes; entry->name != NULL; entry++)
		if (strcmp(entry->name, name) == 0)
		{
			*mode = (IngestWalMode) entry->val;
			return true;
		}
	return false;
}

/*
 * What only the postmaster reads.  The server refuses such settings once it
 * has started, also where the library is loaded by a session because it was
 * not preloaded.  There are no workers then, and nobody reads them; but they
 * must exist, or the session would be told that a line of postgresql.conf is
 * wrong.
 */
static GucContext
ingest_settings_at_start(void)
{
	return process_shared_preload_libraries_in_progress ?
		PGC_POSTMASTER : PGC_SIGHUP;
}

static void
ingest_settings_define_port(const char *name, const char *what, int *variable)
{
	DefineCustomIntVariable(name, what, "0 is off.", variable, 0, 0, 65535,
							ingest_settings_at_start(), 0, NULL, NULL, NULL);
}

static void
ingest_settings_define_listening(void)
{
	ingest_settings_define_port("rusts.ingest_port",
						 "TCP port for line protocol over HTTP.",
						 &ingest_settings_port);
	ingest_settings_define_port("rusts.ingest_tcp_port",
						 "TCP port for plain line protocol.",
						 &ingest_settings_tcp_port);
	ingest_settings_define_port("rusts.ingest_udp_port",
						 "UDP port for line protocol.",
						 &ingest_settings_udp_port);
	DefineCustomStringVariable("rusts.ingest_listen_addresses",
							   "Host names or addresses that the ingest workers listen on.",
							   "Separated by commas; * is all.",
							   &ingest_settings_listen_addresses, "localhost",
							   ingest_settings_at_start(), GUC_LIST_INPUT,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.ingest_workers",
							"Ingest workers, which share the ports.",
							NULL, &ingest_settings_workers, 1, 1,
							SETTINGS_MAX_WORKERS, ingest_settings_at_start(), 0,
							NULL, NULL, NULL);
	DefineCustomStringVariable("rusts.ingest_database",
							   "Database that the ingest workers write to.",
							   NULL, &ingest_settings_database, "postgres",
							   ingest_settings_at_start(), 0, NULL, NULL, NULL);
	DefineCustomStringVariable("rusts.ingest_ssl_cert_file",
							   "Certificate (PEM) for HTTPS; empty is plain HTTP.",
							   "Relative to the data directory.",
							   &ingest_settings_ssl_cert_file, "",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("rusts.ingest_ssl_key_file",
							   "Private key (PEM) of the certificate.",
							   "Relative to the data directory.",
							   &ingest_settings_ssl_key_file, "",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
}

static void
ingest_settings_define_writing(void)
{
	DefineCustomStringVariable("rusts.ingest_schema",
							   "Schema whose tables are measurements.",
							   NULL, &ingest_settings_schema, "public",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("rusts.ingest_wal_mode",
							 "When a write is acknowledged.",
							 "A request may say otherwise: ?wal=every_write.",
							 &ingest_settings_wal_mode, INGEST_WAL_PERIODIC,
							 wal_modes, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.ingest_wal_sync_interval",
							"Time between flushes of the WAL in mode periodic.",
							NULL, &ingest_settings_wal_sync_interval, 100,
							1, 60 * 1000, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomBoolVariable("rusts.ingest_auto_create",
							 "Make tables and columns for measurements, tags and fields that are new.",
							 NULL, &ingest_settings_auto_create, true,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("rusts.ingest_unique",
							 "Give new tables a unique index on tags and time.",
							 "A point that is sent again then replaces itself.",
							 &ingest_settings_unique, false,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.ingest_lock_timeout",
							"Time that a write waits for a lock before its client is told to retry.",
							NULL, &ingest_settings_lock_timeout, 1000,
							1, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
}

static void
ingest_settings_define_clients(void)
{
	DefineCustomBoolVariable("rusts.ingest_auth",
							 "Ask HTTP clients for a role and its password.",
							 "When off, who names none writes as rusts.ingest_anonymous_role.",
							 &ingest_settings_auth, true,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("rusts.ingest_anonymous_role",
							   "Role that clients without a name write as; empty is none.",
							   NULL, &ingest_settings_anonymous_role, "",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.ingest_max_body",
							"Longest body of a request, unpacked.",
							NULL, &ingest_settings_max_body, 25 * 1024,
							1, 1024 * 1024, PGC_SIGHUP, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.ingest_max_connections",
							"Connections to an ingest worker at a time.",
							NULL, &ingest_settings_max_connections, 256,
							1, 10000, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.ingest_timeout",
							"Time a client has to send a request.",
							NULL, &ingest_settings_timeout, 30 * 1000,
							100, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.ingest_max_queries",
							"Queries over HTTP that an ingest worker runs at a time.",
							"Each is a process of its own.",
							&ingest_settings_max_queries, 4,
							0, 1000, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.ingest_query_timeout",
							"Time a query over HTTP may take; 0 is no limit.",
							NULL, &ingest_settings_query_timeout, 30 * 1000,
							0, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("rusts.ingest_query_rows",
							"Rows a query over HTTP may give; 0 is no limit.",
							NULL, &ingest_settings_query_rows, 100000,
							0, INT_MAX, PGC_SIGHUP, 0, NULL, NULL, NULL);
}

void
ingest_settings_init(void)
{
	ingest_settings_define_listening();
	ingest_settings_define_writing();
	ingest_settings_define_clients();
}
