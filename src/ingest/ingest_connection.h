/*
 * ingest_connection.h
 *	  HTTP connections: how many, whose, and how long they may take.
 */
#ifndef RUSTS_INGEST_CONNECTION_H
#define RUSTS_INGEST_CONNECTION_H

#include <microhttpd.h>

#include "ingest/ingest_socket.h"
#include "lib/ilist.h"

typedef struct HttpConnection
{
	dlist_node	node;
	int			fd;
	char		address[INGEST_SOCKET_TEXT];
	bool		retiring;		/* of a daemon that another has replaced */
	bool		surplus;		/* beyond the number allowed: to be refused */
	bool		unread;			/* answered before all of a body had come */
	bool		idle;			/* between requests */
	int64		deadline;		/* ingest_poll_now; 0: none */
	int64		body_since;		/* when the first byte came; 0: not yet */
	uint64		body_bytes;
} HttpConnection;

/* A client has connected.  NULL: no memory. */
extern HttpConnection *ingest_connection_open(int fd,
											  const struct sockaddr *address);

/* The library is about to close the socket. */
extern void ingest_connection_close(HttpConnection *connection);

extern int	ingest_connection_count(void);

/* The library's connection is this one. */
extern HttpConnection *ingest_connection_of(struct MHD_Connection *mhd);

/* A request has begun, some of its body has come, it is whole, answered. */
extern void ingest_connection_begin_body(HttpConnection *connection);
extern void ingest_connection_add_body(HttpConnection *connection, size_t len);
extern void ingest_connection_end_body(HttpConnection *connection);
extern void ingest_connection_answered(HttpConnection *connection);

/* Now and then: cut off those that have taken too long. */
extern void ingest_connection_tend(void);

/* From now on connections are closed when their request is answered. */
extern void ingest_connection_retire(void);
extern int	ingest_connection_retiring(void);

/* Cut off all that are between requests; or all, whatever they do. */
extern void ingest_connection_cut_idle(bool retiring_only);
extern void ingest_connection_cut_all(void);

#endif							/* RUSTS_INGEST_CONNECTION_H */
