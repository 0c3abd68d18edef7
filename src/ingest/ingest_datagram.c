/*
 * ingest_datagram.c
 *	  Line protocol over UDP.
 *
 * Each datagram is a batch of its own: a quote that is left open in one does
 * not hide the next.  In a turn many are read, and none while some of those
 * are still being written: meanwhile they wait in the system's buffer.  When
 * that is full the system drops what comes, and counts.
 */
#include "postgres.h"

#include <sys/socket.h>

#include "ingest/ingest_datagram.h"
#include "ingest/ingest_log.h"
#include "ingest/ingest_retry.h"
#include "ingest/ingest_share.h"
#include "ingest/ingest_socket.h"

#define DATAGRAM_LONGEST 65536
#define DATAGRAM_CALL 32		/* in a call of the system */
#define DATAGRAM_TURN 1024		/* in a turn */
#define DATAGRAM_TURN_BYTES (8 * 1024 * 1024)

typedef struct Datagram
{
	dlist_node	node;
	RetriedWrite retried;
	size_t		len;
	char		data[FLEXIBLE_ARRAY_MEMBER];
} Datagram;

/* What a call of the system reads into. */
typedef struct DatagramCall
{
	struct mmsghdr headers[DATAGRAM_CALL];
	struct iovec pieces[DATAGRAM_CALL];
	char		control[DATAGRAM_CALL][CMSG_SPACE(sizeof(uint32))];
	char		data[DATAGRAM_CALL][DATAGRAM_LONGEST];
} DatagramCall;

static SocketSet listening;
static uint32 lost[INGEST_SOCKET_MAX];	/* by the system, of each socket */
static DatagramCall *call = NULL;
static dlist_head datagrams = DLIST_STATIC_INIT(datagrams);
static int	datagram_count = 0;
static size_t datagram_bytes = 0;
static Oid	datagram_role;

int
ingest_datagram_count(void)
{
	return datagram_count;
}

static void
ingest_datagram_note_dropped(uint64 count, const char *why)
{
	ingest_share_add(&ingest_share_counters->dropped_datagrams, count);
	ingest_log(LOG_KIND_DATAGRAMS, NULL,
			   "ingest worker lost %llu UDP datagrams: %s",
			   (unsigned long long) count, why);
}

/* ---------- reading ---------- */

static void
ingest_datagram_prepare_call(void)
{
	int			i;

	for (i = 0; i < DATAGRAM_CALL; i++)
	{
		struct msghdr *header = &call->headers[i].msg_hdr;

		call->pieces[i].iov_base = call->data[i];
		call->pieces[i].iov_len = DATAGRAM_LONGEST;
		memset(header, 0, sizeof(*header));
		header->msg_iov = &call->pieces[i];
		header->msg_iovlen = 1;
		header->msg_control = call->control[i];
		header->msg_controllen = sizeof(call->control[i]);
	}
}

/* The system tells how many it has dropped since the socket was made. */
static void
ingest_datagram_note_lost(struct msghdr *header, uint32 *known)
{
	struct cmsghdr *control;
	uint32		count;

	for (control = CMSG_FIRSTHDR(header); control != NULL;
		 control = CMSG_NXTHDR(header, control))
	{
		if (control->cmsg_level != SOL_SOCKET ||
			control->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&count, CMSG_DATA(control), sizeof(count));
		if (count != *known)
			ingest_datagram_note_dropped((uint32) (count - *known),
										 "they came faster than they could be read");
		*known = count;
	}
}

static void
ingest_datagram_begin(const char *data, size_t len)
{
	Datagram   *datagram = malloc(offsetof(Datagram, data) + len);

	if (datagram == NULL)
	{
		ingest_datagram_note_dropped(1, "out of memory");
		return;
	}
	memset(datagram, 0, offsetof(Datagram, data));
	memcpy(datagram->data, data, len);
	datagram->len = len;
	dlist_push_tail(&datagrams, &datagram->node);
	datagram_count++;
	datagram_bytes += len;
	ingest_retry_begin(&datagram->retried, datagram_role, datagram->data, len);
}

/* Returns whether there may be more. */
static bool
ingest_datagram_read_some(PollSocket *socket)
{
	uint32	   *known = &lost[socket - listening.sockets];
	int			count;
	int			i;

	ingest_datagram_prepare_call();
	count = recvmmsg(socket->fd, call->headers, DATAGRAM_CALL, MSG_DONTWAIT,
					 NULL);
	for (i = 0; i < count; i++)
	{
		ingest_datagram_note_lost(&call->headers[i].msg_hdr, known);
		ingest_datagram_begin(call->data[i], call->headers[i].msg_len);
	}
	return count == DATAGRAM_CALL;
}

static void
ingest_datagram_read(PollSocket *socket)
{
	int			i;

	while (datagram_count < DATAGRAM_TURN &&
		   datagram_bytes < DATAGRAM_TURN_BYTES)
		if (!ingest_datagram_read_some(socket))
			break;
	if (datagram_count == 0)
		return;
	for (i = 0; i < listening.count; i++)
		ingest_poll_remove(&listening.sockets[i]);
}

/* ---------- writing ---------- */

void
ingest_datagram_answered(WriteRequest *write)
{
	RetriedWrite *retried = (RetriedWrite *)
	((char *) write - offsetof(RetriedWrite, write));
	Datagram   *datagram = (Datagram *)
	((char *) retried - offsetof(Datagram, retried));
	bool		dropped;
	int			i;

	if (!ingest_retry_answered(retried, &dropped))
		return;
	if (dropped)
		ingest_datagram_note_dropped(1, "they could not be written");
	dlist_delete(&datagram->node);
	datagram_count--;
	datagram_bytes -= datagram->len;
	free(datagram);
	if (datagram_count > 0)
		return;
	for (i = 0; i < listening.count; i++)
		(void) ingest_poll_add(&listening.sockets[i]);
}

/* ---------- for the loop ---------- */

bool
ingest_datagram_open(Oid role)
{
	datagram_role = role;
	if (listening.count > 0)
		return true;
	if (call == NULL)
		call = malloc(sizeof(DatagramCall));
	if (call == NULL)
		return false;
	memset(lost, 0, sizeof(lost));
	return ingest_socket_open(&listening, SOCK_DGRAM,
							  ingest_settings_udp_port, ingest_datagram_read);
}

void
ingest_datagram_close(void)
{
	ingest_socket_close(&listening);
}

void
ingest_datagram_tend(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &datagrams)
		ingest_retry_tend(&dlist_container(Datagram, node, iter.cur)->retried);
}
