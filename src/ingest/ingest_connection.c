/*
 * ingest_connection.c
 *	  HTTP connections: how many, whose, and how long they may take.
 *
 * A deadline is on what the client has to do, never on what we do:
 *
 *	headers	rusts.ingest_timeout after the connection was made or the last
 *			request on it was answered; a client that sends nothing at all is
 *			idle, and goes then, too
 *	body	rusts.ingest_timeout after the headers, and a second more for each
 *			64 kB that have come: a slow line is no attack
 *
 * How long a client may take to read an answer is the library's business.
 *
 * To cut a connection off is to shut its socket down: the library finds out,
 * and cleans up.  The list is looked through now and then, not for the next
 * deadline: a tenth of a second does not matter.
 *
 * Lingering.  Sometimes a client is answered before it has sent all of its
 * body.  A socket that is closed while there is something to read on it resets
 * the connection, and the client loses the answer.  So such a socket is
 * duplicated before it is closed, and read until the client has seen the
 * answer and stops, for two seconds at most.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <unistd.h>

#include "ingest/ingest_connection.h"
#include "ingest/ingest_log.h"
#include "ingest/ingest_settings.h"
#include "ingest/ingest_share.h"

#define CONNECTION_BODY_RATE (64 * 1024)	/* bytes a second */
#define CONNECTION_SURPLUS_TIMEOUT 2000 /* ms, for headers */
#define CONNECTION_TEND 100		/* ms */
#define CONNECTION_LINGER 2000	/* ms */
#define CONNECTION_LINGERING 64 /* at a time */

/* A socket whose client may still be sending. */
typedef struct Lingering
{
	PollSocket	socket;
	int64		until;
	bool		used;
} Lingering;

static dlist_head connections = DLIST_STATIC_INIT(connections);
static int	connection_count = 0;
static int	retiring_count = 0;
static int64 next_tend = 0;
static Lingering lingering[CONNECTION_LINGERING];

/* ---------- lingering ---------- */

static void
ingest_connection_stop_lingering(Lingering *one)
{
	ingest_poll_remove(&one->socket);
	(void) close(one->socket.fd);
	one->used = false;
}

static void
ingest_connection_read_lingering(PollSocket *socket)
{
	char		buffer[16 * 1024];
	ssize_t		len = recv(socket->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
		ingest_connection_stop_lingering(socket->owner);
}

static void
ingest_connection_linger(int fd)
{
	Lingering  *one = NULL;
	int			i;

	for (i = 0; i < CONNECTION_LINGERING && one == NULL; i++)
		if (!lingering[i].used)
			one = &lingering[i];
	if (one == NULL)
		return;
	one->socket.fd = dup(fd);
	if (one->socket.fd < 0)
		return;
	one->socket.ready = ingest_connection_read_lingering;
	one->socket.owner = one;
	one->until = ingest_poll_now() + CONNECTION_LINGER;
	one->used = ingest_poll_add(&one->socket);
	if (!one->used)
		(void) close(one->socket.fd);
}

static void
ingest_connection_tend_lingering(void)
{
	int			i;

	for (i = 0; i < CONNECTION_LINGERING; i++)
		if (lingering[i].used && lingering[i].until <= ingest_poll_now())
			ingest_connection_stop_lingering(&lingering[i]);
}

/* ---------- open and close ---------- */

static void
ingest_connection_note_count(int change)
{
	connection_count += change;
	ingest_share_add(&ingest_share_counters->connections, (uint64) change);
}

HttpConnection *
ingest_connection_open(int fd, const struct sockaddr *address)
{
	HttpConnection *connection = calloc(1, sizeof(HttpConnection));

	if (connection == NULL)
		return NULL;
	connection->fd = fd;
	ingest_socket_name(address, connection->address);
	connection->surplus =
		connection_count >= ingest_settings_max_connections;
	connection->idle = true;
	connection->deadline = ingest_poll_now() +
		(connection->surplus ?
		 Min(CONNECTION_SURPLUS_TIMEOUT, ingest_settings_timeout) :
		 ingest_settings_timeout);
	dlist_push_tail(&connections, &connection->node);
	ingest_connection_note_count(1);
	return connection;
}

void
ingest_connection_close(HttpConnection *connection)
{
	if (connection->unread)
		ingest_connection_linger(connection->fd);
	dlist_delete(&connection->node);
	if (connection->retiring)
		retiring_count--;
	ingest_connection_note_count(-1);
	free(connection);
}

int
ingest_connection_count(void)
{
	return connection_count;
}

HttpConnection *
ingest_connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
	MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* ---------- deadlines ---------- */

static void
ingest_connection_set_body_deadline(HttpConnection *connection)
{
	connection->deadline = connection->body_since + ingest_settings_timeout +
		(int64) (connection->body_bytes * 1000 / CONNECTION_BODY_RATE);
}

void
ingest_connection_begin_body(HttpConnection *connection)
{
	connection->idle = false;
	connection->body_since = ingest_poll_now();
	connection->body_bytes = 0;
	ingest_connection_set_body_deadline(connection);
}

void
ingest_connection_add_body(HttpConnection *connection, size_t len)
{
	connection->body_bytes += len;
	ingest_connection_set_body_deadline(connection);
}

void
ingest_connection_end_body(HttpConnection *connection)
{
	connection->idle = false;
	connection->deadline = 0;
}

void
ingest_connection_answered(HttpConnection *connection)
{
	connection->idle = true;
	connection->deadline = ingest_poll_now() + ingest_settings_timeout;
}

static void
ingest_connection_cut(HttpConnection *connection)
{
	(void) shutdown(connection->fd, SHUT_RDWR);
	connection->deadline = 0;
}

void
ingest_connection_tend(void)
{
	dlist_iter	iter;

	if (ingest_poll_now() < next_tend)
		return;
	next_tend = ingest_poll_now() + CONNECTION_TEND;
	dlist_foreach(iter, &connections)
	{
		HttpConnection *connection = dlist_container(HttpConnection, node,
													 iter.cur);

		if (connection->deadline == 0 ||
			connection->deadline > ingest_poll_now())
			continue;
		/* a client that only stays connected does nothing wrong */
		if (!connection->idle)
			ingest_log(LOG_KIND_SLOW, NULL,
					   "ingest worker cut off client %s, which had sent %llu bytes of a request in %lld s",
					   connection->address,
					   (unsigned long long) connection->body_bytes,
					   (long long) (ingest_poll_now() - connection->body_since) / 1000);
		ingest_connection_cut(connection);
	}
	ingest_connection_tend_lingering();
}

/* ---------- ends ---------- */

void
ingest_connection_retire(void)
{
	dlist_iter	iter;

	retiring_count = 0;
	dlist_foreach(iter, &connections)
	{
		dlist_container(HttpConnection, node, iter.cur)->retiring = true;
		retiring_count++;
	}
}

int
ingest_connection_retiring(void)
{
	return retiring_count;
}

void
ingest_connection_cut_idle(bool retiring_only)
{
	dlist_iter	iter;

	dlist_foreach(iter, &connections)
	{
		HttpConnection *connection = dlist_container(HttpConnection, node,
													 iter.cur);

		if (connection->idle && (connection->retiring || !retiring_only))
			ingest_connection_cut(connection);
	}
}

void
ingest_connection_cut_all(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &connections)
		ingest_connection_cut(dlist_container(HttpConnection, node, iter.cur));
}
