/*
 * ingest_socket.c
 *	  Sockets at the addresses that the worker listens on.
 *
 * Several workers share a port: each has a socket of its own there, and the
 * system chooses one for each client (SO_REUSEPORT).  One worker alone does
 * without, so that another server's port is noticed.
 */
#include "postgres.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingest/ingest_log.h"
#include "ingest/ingest_settings.h"
#include "ingest/ingest_socket.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#define SOCKET_BACKLOG 512
#define SOCKET_DATAGRAM_BUFFER (8 * 1024 * 1024)

static void
ingest_socket_complain(const char *address, int port, const char *what)
{
	ingest_log(LOG_KIND_LISTEN, NULL,
			   "ingest worker could not listen on address \"%s\", port %d: %s",
			   address, port, what);
}

static void
ingest_socket_prepare(int fd, const struct addrinfo *address)
{
	int			on = 1;
	int			room = SOCKET_DATAGRAM_BUFFER;

	/* of datagrams it would let two servers have one port */
	if (address->ai_socktype == SOCK_STREAM)
		(void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ingest_settings_workers > 1)
		(void) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (address->ai_family == AF_INET6)
		(void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (address->ai_socktype == SOCK_DGRAM)
	{
		/* as much of it as the system grants; and say how many were lost */
		(void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
		(void) setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	}
}

static int
ingest_socket_bind(const struct addrinfo *address)
{
	int			fd = socket(address->ai_family,
							address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
							address->ai_protocol);
	int			error;

	if (fd < 0)
		return -1;
	ingest_socket_prepare(fd, address);
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
		(address->ai_socktype == SOCK_DGRAM || listen(fd, SOCKET_BACKLOG) == 0))
		return fd;
	error = errno;
	(void) close(fd);
	errno = error;
	return -1;
}

static void
ingest_socket_take(SocketSet *set, int fd,
				   void (*ready) (PollSocket *socket))
{
	PollSocket *socket = &set->sockets[set->count];

	socket->fd = fd;
	socket->ready = ready;
	socket->owner = set;
	socket->added = false;
	if (ingest_poll_add(socket))
		set->count++;
	else
		(void) close(fd);
}

/* All addresses of one name. */
static void
ingest_socket_open_name(SocketSet *set, const char *name,
						const struct addrinfo *hints, int port,
						void (*ready) (PollSocket *socket))
{
	const char *host = strcmp(name, "*") == 0 ? NULL : name;
	struct addrinfo *found = NULL;
	struct addrinfo *address;
	char		service[16];
	int			error;

	snprintf(service, sizeof(service), "%d", port);
	error = getaddrinfo(host, service, hints, &found);
	if (error != 0)
	{
		ingest_socket_complain(name, port, gai_strerror(error));
		return;
	}
	for (address = found; address != NULL; address = address->ai_next)
	{
		int			fd;

		if (set->count == INGEST_SOCKET_MAX)
			break;
		fd = ingest_socket_bind(address);
		if (fd >= 0)
			ingest_socket_take(set, fd, ready);
		/* a machine without IPv6 may have a name for it all the same */
		else if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			ingest_socket_complain(name, port, strerror(errno));
	}
	freeaddrinfo(found);
}

bool
ingest_socket_open(SocketSet *set, int type, int port,
				   void (*ready) (PollSocket *socket))
{
	char	   *names = pstrdup(ingest_settings_listen_addresses);
	struct addrinfo hints = {0};
	List	   *list = NIL;
	ListCell   *cell;

	set->count = 0;
	hints.ai_flags = AI_PASSIVE;
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = type;
	if (!SplitGUCList(names, ',', &list))
		ingest_socket_complain(ingest_settings_listen_addresses, port,
							   "invalid list in rusts.ingest_listen_addresses");
	foreach(cell, list)
		ingest_socket_open_name(set, lfirst(cell), &hints, port, ready);
	list_free(list);
	pfree(names);
	return set->count > 0;
}

void
ingest_socket_close(SocketSet *set)
{
	int			i;

	for (i = 0; i < set->count; i++)
	{
		ingest_poll_remove(&set->sockets[i]);
		(void) close(set->sockets[i].fd);
	}
	set->count = 0;
}

int
ingest_socket_accept(const PollSocket *socket,
					 struct sockaddr_storage *address, socklen_t *address_len)
{
	*address_len = sizeof(*address);
	return accept4(socket->fd, (struct sockaddr *) address, address_len,
				   SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void
ingest_socket_name(const struct sockaddr *address,
				   char name[INGEST_SOCKET_TEXT])
{
	socklen_t	len = address->sa_family == AF_INET6 ?
		sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

	if (getnameinfo(address, len, name, INGEST_SOCKET_TEXT, NULL, 0,
					NI_NUMERICHOST) != 0)
		strlcpy(name, "unknown", INGEST_SOCKET_TEXT);
}
