/*
 * ingest_stream.c
 *	  Line protocol over plain TCP.
 *
 * A client sends lines, and is told nothing.  What has come is cut after the
 * last whole line, and everything before is one write.  While that write is
 * under way the socket is not read, so that a client that is faster than the
 * database waits, and memory is bounded.
 *
 *	reading --whole lines--> writing --answered--> reading
 *	   |						  +--a retry heals it--> writing
 *	   +--no more to come--> writing what is left, then closed
 *
 * A line that is not whole must be within rusts.ingest_timeout, and a second
 * more for each 64 kB of it.  A client without one may be silent for as long
 * as it likes, until its place is wanted by another.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <unistd.h>

#include "ingest/ingest_body.h"
#include "ingest/ingest_log.h"
#include "ingest/ingest_retry.h"
#include "ingest/ingest_share.h"
#include "ingest/ingest_socket.h"
#include "ingest/ingest_stream.h"
#include "wire/wireparser.h"

#define STREAM_ROOM ((size_t) 64 * 1024)	/* that a read has at least */
#define STREAM_BATCH ((size_t) 1024 * 1024) /* that is read in a turn */
#define STREAM_RATE (64 * 1024) /* bytes a second */

typedef struct StreamClient
{
	dlist_node	node;
	PollSocket	socket;
	char		name[INGEST_SOCKET_TEXT];
	IngestBody	lines;
	size_t		complete;		/* of them, up to the end of the last one */
	WireEnding	ending;			/* what is known of the one after that */
	RetriedWrite retried;
	bool		writing;
	bool		ended;			/* nothing more comes */
	bool		broken;			/* and what is left is no line */
	int64		heard_at;
	int64		partial_since;	/* the line that is not whole; 0: none */
} StreamClient;

static SocketSet listening;
static dlist_head clients = DLIST_STATIC_INIT(clients);
static int	client_count = 0;
static Oid	stream_role;

static void ingest_stream_advance(StreamClient *client);

int
ingest_stream_count(void)
{
	return client_count;
}

static void
ingest_stream_note_count(int change)
{
	client_count += change;
	ingest_share_add(&ingest_share_counters->connections, (uint64) change);
}

static void
ingest_stream_end(StreamClient *client)
{
	Assert(!client->writing);
	ingest_poll_remove(&client->socket);
	(void) close(client->socket.fd);
	ingest_body_free(&client->lines);
	dlist_delete(&client->node);
	ingest_stream_note_count(-1);
	free(client);
}

/* ---------- reading ---------- */

/* Room for a read, unless the line is too long or memory too short. */
static bool
ingest_stream_make_room(StreamClient *client)
{
	IngestBody *lines = &client->lines;

	return lines->capacity - lines->len >= STREAM_ROOM ||
		(lines->len < ingest_body_limit() &&
		 ingest_body_reserve(lines, Min(lines->len + STREAM_ROOM,
										ingest_body_limit())));
}

static void
ingest_stream_give_up(StreamClient *client)
{
	if (client->lines.len >= ingest_body_limit())
		ingest_log(LOG_KIND_DROPPED, "See rusts.ingest_max_body.",
				   "ingest worker closed the connection of TCP client %s: a line is too long",
				   client->name);
	else
		ingest_log(LOG_KIND_MEMORY, NULL,
				   "ingest worker closed the connection of TCP client %s: no room for its lines",
				   client->name);
	client->ended = client->broken = true;
}

static void
ingest_stream_take(StreamClient *client, size_t len)
{
	IngestBody *lines = &client->lines;
	size_t		cut = wireparser_complete(&client->ending,
										  lines->data + lines->len, len);

	if (cut > 0)
		client->complete = lines->len + cut;
	lines->len += len;
	client->heard_at = ingest_poll_now();
}

/* One read; true: there may be more. */
static bool
ingest_stream_read_once(StreamClient *client)
{
	IngestBody *lines = &client->lines;
	size_t		room = lines->capacity - lines->len;
	ssize_t		len = recv(client->socket.fd, lines->data + lines->len, room,
						   MSG_DONTWAIT);

	if (len > 0)
	{
		ingest_stream_take(client, (size_t) len);
		return (size_t) len == room;
	}
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	client->ended = true;
	client->broken = len < 0;
	return false;
}

static void
ingest_stream_read(PollSocket *socket)
{
	StreamClient *client = socket->owner;
	bool		more = true;

	while (more && (client->complete == 0 ||
					client->lines.len < STREAM_BATCH))
	{
		if (ingest_stream_make_room(client))
			more = ingest_stream_read_once(client);
		else if (client->complete > 0)
			/* what is whole makes room when it has been written */
			break;
		else
		{
			ingest_stream_give_up(client);
			break;
		}
	}
	ingest_stream_advance(client);
}

/* ---------- writing ---------- */

static void
ingest_stream_write(StreamClient *client)
{
	ingest_poll_remove(&client->socket);
	client->writing = true;
	client->partial_since = 0;
	ingest_retry_begin(&client->retried, stream_role, client->lines.data,
					   client->complete);
}

/* What comes next for a client that waits for nothing. */
static void
ingest_stream_advance(StreamClient *client)
{
	if (client->complete == 0 && client->ended && !client->broken)
		client->complete = client->lines.len;
	if (client->complete > 0)
		ingest_stream_write(client);
	else if (client->ended || !ingest_poll_add(&client->socket))
		ingest_stream_end(client);
	else if (client->lines.len == 0)
		client->partial_since = 0;
	else if (client->partial_since == 0)
		client->partial_since = ingest_poll_now();
}

static void
ingest_stream_drop_written(StreamClient *client)
{
	IngestBody *lines = &client->lines;

	lines->len -= client->complete;
	memmove(lines->data, lines->data + client->complete, lines->len);
	client->complete = 0;
	/* a long line does not come often */
	if (lines->len == 0 && lines->capacity > 2 * STREAM_BATCH)
		ingest_body_free(lines);
}

void
ingest_stream_answered(WriteRequest *write)
{
	StreamClient *client = write->owner;
	bool		dropped;

	if (!ingest_retry_answered(&client->retried, &dropped))
		return;
	if (dropped)
		ingest_log(LOG_KIND_DROPPED, NULL,
				   "ingest worker dropped %zu bytes of lines of TCP client %s, which could not be written",
				   client->complete, client->name);
	client->writing = false;
	ingest_stream_drop_written(client);
	ingest_stream_advance(client);
}

/* ---------- clients ---------- */

/* A place for one more, if need be that of who has been silent longest. */
static bool
ingest_stream_make_place(void)
{
	StreamClient *silent = NULL;
	dlist_iter	iter;

	if (client_count < ingest_settings_max_connections)
		return true;
	dlist_foreach(iter, &clients)
	{
		StreamClient *client = dlist_container(StreamClient, node, iter.cur);

		if (!client->writing && client->lines.len == 0 &&
			client->heard_at + ingest_settings_timeout <= ingest_poll_now() &&
			(silent == NULL || client->heard_at < silent->heard_at))
			silent = client;
	}
	if (silent == NULL)
		return false;
	ingest_stream_end(silent);
	return true;
}

static void
ingest_stream_begin(int fd, const struct sockaddr *address)
{
	StreamClient *client = calloc(1, sizeof(StreamClient));
	int			on = 1;

	if (client == NULL)
	{
		(void) close(fd);
		return;
	}
	(void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	ingest_socket_name(address, client->name);
	client->socket.fd = fd;
	client->socket.ready = ingest_stream_read;
	client->socket.owner = client;
	client->retried.write.owner = client;
	client->heard_at = ingest_poll_now();
	ingest_body_begin(&client->lines, false);
	dlist_push_tail(&clients, &client->node);
	ingest_stream_note_count(1);
	ingest_stream_advance(client);
}

/* No descriptor is left: a client that waits must not keep the loop busy. */
static void
ingest_stream_pause(void)
{
	int			i;

	ingest_log(LOG_KIND_CONNECTIONS, NULL,
			   "ingest worker could not accept a TCP connection: %s",
			   strerror(errno));
	for (i = 0; i < listening.count; i++)
		ingest_poll_remove(&listening.sockets[i]);
}

static void
ingest_stream_accept(PollSocket *socket)
{
	struct sockaddr_storage address;
	socklen_t	len;
	int			fd = ingest_socket_accept(socket, &address, &len);

	if (fd < 0)
	{
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			errno == ENOMEM)
			ingest_stream_pause();
		return;
	}
	if (ingest_stream_make_place())
		ingest_stream_begin(fd, (struct sockaddr *) &address);
	else
	{
		ingest_log(LOG_KIND_CONNECTIONS,
				   "Raise rusts.ingest_max_connections.",
				   "ingest worker has too many TCP connections: one was closed");
		(void) close(fd);
	}
}

/* ---------- for the loop ---------- */

bool
ingest_stream_open(Oid role)
{
	stream_role = role;
	return listening.count > 0 ||
		ingest_socket_open(&listening, SOCK_STREAM, ingest_settings_tcp_port,
						   ingest_stream_accept);
}

void
ingest_stream_close(void)
{
	dlist_mutable_iter iter;

	ingest_socket_close(&listening);
	dlist_foreach_modify(iter, &clients)
	{
		StreamClient *client = dlist_container(StreamClient, node, iter.cur);

		client->ended = client->broken = true;
		if (!client->writing)
			ingest_stream_end(client);
	}
}

static bool
ingest_stream_is_late(const StreamClient *client)
{
	return client->partial_since != 0 &&
		client->partial_since + ingest_settings_timeout +
		(int64) (client->lines.len * 1000 / STREAM_RATE) <= ingest_poll_now();
}

void
ingest_stream_tend(void)
{
	dlist_mutable_iter iter;
	int			i;

	/* after a pause */
	for (i = 0; i < listening.count; i++)
		(void) ingest_poll_add(&listening.sockets[i]);
	dlist_foreach_modify(iter, &clients)
	{
		StreamClient *client = dlist_container(StreamClient, node, iter.cur);

		if (client->writing)
			ingest_retry_tend(&client->retried);
		else if (ingest_stream_is_late(client))
		{
			ingest_log(LOG_KIND_SLOW, NULL,
					   "ingest worker cut off TCP client %s in the middle of a line",
					   client->name);
			ingest_stream_end(client);
		}
	}
}
