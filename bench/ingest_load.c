/*
 * ingest_load.c
 *	  A client that writes line protocol over HTTP as fast as it is taken.
 *
 *	  ingest_load HOST PORT PATH FILE LINES CLIENTS [USER:PASSWORD [ROUNDS]]
 *
 * FILE is cut into batches of LINES lines.  CLIENTS threads, a connection kept
 * open each, send them in turn and wait for each answer.  ROUNDS (1): so often
 * the whole file.  Prints one line: seconds, lines a second, median and 99th
 * percentile of a request in milliseconds, and requests that were not 204.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_CLIENTS 64
#define ANSWER_BYTES 65536

typedef struct Batch
{
	const char *data;
	size_t		len;
} Batch;

typedef struct Client
{
	pthread_t	thread;
	int			number;
	long		sent;
	long		bad;
} Client;

static const char *host;
static const char *port;
static const char *path;
static char authorization[512];
static Batch *batches;
static long batch_count;
static int	clients;
static long rounds = 1;
static double *latencies;		/* one for each request */

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

/* ---------- the file ---------- */

static char *
read_file(const char *name, size_t *len)
{
	FILE	   *file = fopen(name, "r");
	char	   *data;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
		die(name);
	*len = (size_t) ftell(file);
	rewind(file);
	data = malloc(*len + 1);
	if (data == NULL || fread(data, 1, *len, file) != *len)
		die(name);
	fclose(file);
	return data;
}

static void
cut(const char *data, size_t len, long lines)
{
	const char *end = data + len;
	const char *start = data;
	long		room = 0;
	long		n = 0;

	while (data < end)
	{
		const char *next = memchr(data, '\n', (size_t) (end - data));

		data = next ? next + 1 : end;
		if (++n < lines && data < end)
			continue;
		if (batch_count == room)
		{
			room = room ? room * 2 : 1024;
			batches = realloc(batches, sizeof(Batch) * (size_t) room);
			if (batches == NULL)
				die("memory");
		}
		batches[batch_count].data = start;
		batches[batch_count++].len = (size_t) (data - start);
		start = data;
		n = 0;
	}
}

/* ---------- HTTP ---------- */

static int
connect_to_server(void)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	int			fd;
	int			on = 1;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		die("getaddrinfo");
	fd = socket(found->ai_family, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	freeaddrinfo(found);
	return fd;
}

static void
send_batch(int fd, const Batch *batch)
{
	char		head[2048];
	struct iovec parts[2];
	int			part = 0;

	parts[0].iov_base = head;
	parts[0].iov_len = (size_t) snprintf(head, sizeof(head),
										 "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %zu\r\n\r\n",
										 path, host, authorization, batch->len);
	parts[1].iov_base = (void *) batch->data;
	parts[1].iov_len = batch->len;
	while (part < 2)
	{
		ssize_t		n = writev(fd, parts + part, 2 - part);

		if (n < 0)
			die("write");
		while (part < 2 && (size_t) n >= parts[part].iov_len)
			n -= (ssize_t) parts[part++].iov_len;
		if (part < 2)
		{
			parts[part].iov_base = (char *) parts[part].iov_base + n;
			parts[part].iov_len -= (size_t) n;
		}
	}
}

/* The status; the body is read and forgotten. */
static int
read_answer(int fd)
{
	static __thread char answer[ANSWER_BYTES];
	size_t		len = 0;
	char	   *body = NULL;
	size_t		length = 0;

	while (body == NULL || len < (size_t) (body - answer) + length)
	{
		ssize_t		n = read(fd, answer + len, sizeof(answer) - 1 - len);
		char	   *field;

		if (n <= 0)
			die("read");
		len += (size_t) n;
		answer[len] = '\0';
		if (body != NULL || (body = strstr(answer, "\r\n\r\n")) == NULL)
			continue;
		body += 4;
		field = strcasestr(answer, "\r\ncontent-length:");
		if (field != NULL && field < body)
			length = (size_t) atol(field + 17);
	}
	return atoi(answer + 9);
}

static void *
run(void *arg)
{
	Client	   *client = arg;
	int			fd = connect_to_server();
	long		i;

	for (i = client->number; i < batch_count * rounds; i += clients)
	{
		double		start = seconds();

		send_batch(fd, &batches[i % batch_count]);
		if (read_answer(fd) != 204)
			client->bad++;
		latencies[i] = seconds() - start;
		client->sent++;
	}
	close(fd);
	return NULL;
}

/* ---------- */

static void
set_authorization(const char *user)
{
	static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t		len = strlen(user);
	char	   *out;
	size_t		i;

	if (len == 0 || len > 256)
		return;
	out = authorization + sprintf(authorization, "Authorization: Basic ");
	for (i = 0; i < len; i += 3)
	{
		unsigned	bits = (unsigned) (unsigned char) user[i] << 16;

		if (i + 1 < len)
			bits |= (unsigned) (unsigned char) user[i + 1] << 8;
		if (i + 2 < len)
			bits |= (unsigned) (unsigned char) user[i + 2];
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	strcpy(out, "\r\n");
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	Client		client[MAX_CLIENTS] = {{0}};
	size_t		len;
	char	   *data;
	long		lines = 0;
	long		requests;
	long		bad = 0;
	double		start;
	double		took;
	size_t		i;

	if (argc < 7)
	{
		fprintf(stderr, "ingest_load HOST PORT PATH FILE LINES CLIENTS [USER:PASSWORD [ROUNDS]]\n");
		return 2;
	}
	host = argv[1];
	port = argv[2];
	path = argv[3];
	clients = atoi(argv[6]);
	if (clients < 1 || clients > MAX_CLIENTS)
		return 2;
	if (argc > 7)
		set_authorization(argv[7]);
	if (argc > 8)
		rounds = atol(argv[8]);
	data = read_file(argv[4], &len);
	for (i = 0; i < len; i++)
		lines += data[i] == '\n';
	cut(data, len, atol(argv[5]));
	requests = batch_count * rounds;
	latencies = calloc((size_t) requests + 1, sizeof(double));
	start = seconds();
	for (i = 0; i < (size_t) clients; i++)
	{
		client[i].number = (int) i;
		pthread_create(&client[i].thread, NULL, run, &client[i]);
	}
	for (i = 0; i < (size_t) clients; i++)
	{
		pthread_join(client[i].thread, NULL);
		bad += client[i].bad;
	}
	took = seconds() - start;
	qsort(latencies, (size_t) requests, sizeof(double), compare);
	printf("%.3f %.0f %.2f %.2f %ld\n", took, (double) (lines * rounds) / took,
		   latencies[requests / 2] * 1000, latencies[requests * 99 / 100] * 1000,
		   bad);
	return 0;
}
