/*
 * ingest_socket.h
 *	  Sockets at the addresses that the worker listens on.
 */
#ifndef RUSTS_INGEST_SOCKET_H
#define RUSTS_INGEST_SOCKET_H

#include "ingest/ingest_poll.h"
#include "libpq/pqcomm.h"

#define INGEST_SOCKET_MAX 16	/* addresses of a port */
#define INGEST_SOCKET_TEXT 64	/* an address in words */

/* A port at each of the addresses. */
typedef struct SocketSet
{
	int			count;
	PollSocket	sockets[INGEST_SOCKET_MAX];
} SocketSet;

/*
 * Open a port, of type SOCK_STREAM or SOCK_DGRAM, at all addresses that can be
 * had, and wait for it.  What fails is logged.  Returns whether there is one.
 */
extern bool ingest_socket_open(SocketSet *set, int type, int port,
							   void (*ready) (PollSocket *socket));
extern void ingest_socket_close(SocketSet *set);

/* A new client of a listening socket; -1: none. */
extern int	ingest_socket_accept(const PollSocket *socket,
								 struct sockaddr_storage *address,
								 socklen_t *address_len);

/* Without the port: it names a machine. */
extern void ingest_socket_name(const struct sockaddr *address,
							   char name[INGEST_SOCKET_TEXT]);

#endif							/* RUSTS_INGEST_SOCKET_H */
