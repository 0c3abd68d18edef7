/*
 * client.c
 *	  A PostgreSQL client for measuring: one connection, one line a statement.
 *
 *	  client CONNINFO
 *
 * Reads lines from stdin, writes one line for each to stdout:
 *
 *	  S SQL			run it, forget the result		"ok"
 *	  T SQL			run it and fetch all rows		"MICROSECONDS ROWS"
 *	  D FILE<tab>SQL	the same, the rows into FILE	"ok ROWS"
 *	  M				memory of the server process	"KILOBYTES"
 *
 * or "error MESSAGE".  The time is the wall clock from before the statement is
 * sent until the last row is in this process's memory, in text format, as any
 * client of libpq sees it; psql's \timing has a resolution of a microsecond as
 * well, but cannot be driven from outside between two statements of another
 * engine without a process of its own.  Rows are written as tab-separated
 * text, a NULL as \N.
 */
#define _GNU_SOURCE

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Print libpq's message on one line. */
static void
report_error(const char *message)
{
	printf("error ");
	for (; *message; message++)
		putchar(*message == '\n' ? ' ' : *message);
	putchar('\n');
}

static bool
result_is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

static void
write_rows(FILE *file, const PGresult *result)
{
	int			rows = PQntuples(result);
	int			columns = PQnfields(result);

	for (int r = 0; r < rows; r++)
		for (int c = 0; c < columns; c++)
		{
			bool		null = PQgetisnull(result, r, c);

			fputs(null ? "\\N" : PQgetvalue(result, r, c), file);
			putc(c + 1 < columns ? '\t' : '\n', file);
		}
}

static void
dump_statement(PGconn *conn, char *argument)
{
	char	   *sql = strchr(argument, '\t');
	PGresult   *result;
	FILE	   *file;

	if (sql == NULL)
	{
		report_error("D needs a file, a tab and a statement");
		return;
	}
	*sql++ = '\0';
	result = PQexec(conn, sql);
	file = fopen(argument, "w");
	if (!result_is_good(result))
		report_error(PQerrorMessage(conn));
	else if (file == NULL)
		report_error("cannot write the file");
	else
	{
		write_rows(file, result);
		printf("ok %d\n", PQntuples(result));
	}
	if (file != NULL)
		fclose(file);
	PQclear(result);
}

static void
time_statement(PGconn *conn, const char *sql)
{
	int64_t		start = now_us();
	PGresult   *result = PQexec(conn, sql);
	int64_t		elapsed = now_us() - start;

	if (result_is_good(result))
		printf("%lld %d\n", (long long) elapsed, PQntuples(result));
	else
		report_error(PQerrorMessage(conn));
	PQclear(result);
}

static void
run_statement(PGconn *conn, const char *sql)
{
	PGresult   *result = PQexec(conn, sql);

	if (result_is_good(result))
		printf("ok\n");
	else
		report_error(PQerrorMessage(conn));
	PQclear(result);
}

/*
 * The peak of the address space: malloc gives memory back, the peak stays,
 * and shared memory is mapped from the start.
 */
static void
report_memory(PGconn *conn)
{
	char		path[64];
	char		line[256];
	FILE	   *file;

	snprintf(path, sizeof(path), "/proc/%d/status", PQbackendPID(conn));
	file = fopen(path, "r");
	if (file == NULL)
	{
		report_error("cannot read the server process's status");
		return;
	}
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "VmPeak:", 7) == 0)
			printf("%ld\n", strtol(line + 7, NULL, 10));
	fclose(file);
}

static void
obey(PGconn *conn, char *line)
{
	switch (line[0])
	{
		case 'S':
			run_statement(conn, line + 2);
			break;
		case 'T':
			time_statement(conn, line + 2);
			break;
		case 'D':
			dump_statement(conn, line + 2);
			break;
		case 'M':
			report_memory(conn);
			break;
		default:
			report_error("unknown command");
	}
	fflush(stdout);
}

/*
 * A result of hundreds of megabytes is freed and allocated again for each run.
 * That would measure how fast the kernel, and the host of a virtual machine,
 * gives pages back, the same for every server.
 */
static void
keep_memory(void)
{
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
}

int
main(int argc, char **argv)
{
	PGconn	   *conn;
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		length;

	if (argc != 2)
	{
		fprintf(stderr, "usage: client CONNINFO\n");
		return 2;
	}
	keep_memory();
	conn = PQconnectdb(argv[1]);
	if (PQstatus(conn) != CONNECTION_OK)
	{
		fprintf(stderr, "client: %s", PQerrorMessage(conn));
		return 1;
	}
	while ((length = getline(&line, &size, stdin)) > 0)
	{
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		obey(conn, line);
	}
	free(line);
	PQfinish(conn);
	return 0;
}
