/*
 * ingest_poll.c
 *	  What an ingest worker waits for: its latch, sockets, time.
 *
 * Nothing can be taken out of the server's set of events, and clients come and
 * go.  So the set has three members: the latch, the postmaster, and an epoll
 * descriptor that knows the sockets.  It is readable when one of them is.
 * (libmicrohttpd brings an epoll descriptor of its own, which is one of these
 * sockets.  The library is for Linux in any case.)
 */
#include "postgres.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "compat/waiting.h"
#include "ingest/ingest_poll.h"
#include "miscadmin.h"
#include "utils/wait_event.h"

#define POLL_EVENTS 128

static WaitEventSet *waited;
static int	epoll_fd = -1;
static struct epoll_event events[POLL_EVENTS];
static int	event_count = 0;
static int64 now = 0;

static void
ingest_poll_look_at_clock(void)
{
	struct timespec time;

	(void) clock_gettime(CLOCK_MONOTONIC, &time);
	now = (int64) time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int64
ingest_poll_now(void)
{
	return now;
}

void
ingest_poll_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		ereport(FATAL,
				(errcode_for_socket_access(),
				 errmsg("could not create an epoll descriptor: %m")));
	waited = compat_create_wait_event_set(3);
	AddWaitEventToSet(waited, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(waited, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL,
					  NULL);
	AddWaitEventToSet(waited, WL_SOCKET_READABLE, epoll_fd, NULL, NULL);
	ingest_poll_look_at_clock();
}

bool
ingest_poll_add(PollSocket *socket)
{
	struct epoll_event event = {0};

	if (socket->added)
		return true;
	event.events = EPOLLIN;
	event.data.ptr = socket;
	socket->added = epoll_ctl(epoll_fd, EPOLL_CTL_ADD, socket->fd, &event) == 0;
	return socket->added;
}

/* What the last wait has brought for it and is not yet dealt with goes, too. */
void
ingest_poll_remove(PollSocket *socket)
{
	int			i;

	if (!socket->added)
		return;
	socket->added = false;
	(void) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, socket->fd, NULL);
	for (i = 0; i < event_count; i++)
		if (events[i].data.ptr == socket)
			events[i].data.ptr = NULL;
}

static void
ingest_poll_read_sockets(void)
{
	int			i;

	event_count = epoll_wait(epoll_fd, events, POLL_EVENTS, 0);
	for (i = 0; i < event_count; i++)
	{
		PollSocket *socket = events[i].data.ptr;

		if (socket != NULL)
			socket->ready(socket);
	}
	event_count = 0;
}

bool
ingest_poll_wait(long timeout)
{
	WaitEvent	event;
	bool		latched;

	event.events = 0;
	(void) WaitEventSetWait(waited, timeout, &event, 1, PG_WAIT_EXTENSION);
	/* one event is told at a time, and the latch may be another */
	latched = MyLatch->is_set;
	if (latched)
		ResetLatch(MyLatch);
	ingest_poll_look_at_clock();
	ingest_poll_read_sockets();
	return latched;
}
