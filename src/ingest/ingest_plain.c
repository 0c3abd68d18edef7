/*
 * ingest_plain.c
 *	  Line protocol without HTTP: TCP and UDP, as one role.
 *
 * Nobody proves who it is here.  So there is a port only while
 * rusts.ingest_anonymous_role names a role; that is looked at again every
 * second while there are clients.
 */
#include "postgres.h"

#include "ingest/ingest_auth.h"
#include "ingest/ingest_datagram.h"
#include "ingest/ingest_log.h"
#include "ingest/ingest_plain.h"
#include "ingest/ingest_poll.h"
#include "ingest/ingest_retry.h"
#include "ingest/ingest_stream.h"

#define PLAIN_TEND 100			/* milliseconds */
#define PLAIN_ROLE_CHECK 1000

static bool is_open = false;
static int64 next_tend = 0;
static int64 next_check = 0;

static bool
ingest_plain_is_wanted(void)
{
	return ingest_settings_tcp_port != 0 || ingest_settings_udp_port != 0;
}

static void
ingest_plain_close(void)
{
	ingest_stream_close();
	ingest_datagram_close();
	is_open = false;
}

void
ingest_plain_open(void)
{
	Oid			role;

	if (!ingest_plain_is_wanted())
		return;
	next_check = ingest_poll_now() + PLAIN_ROLE_CHECK;
	if (ingest_auth_anonymous(&role) != AUTH_GRANTED)
	{
		ingest_log(LOG_KIND_ROLE,
				   "Set rusts.ingest_anonymous_role to the role that TCP and UDP write as.",
				   "ingest worker does not listen on its TCP and UDP ports: there is no role to write as");
		ingest_plain_close();
		return;
	}
	is_open = true;
	if (ingest_settings_tcp_port != 0)
		is_open &= ingest_stream_open(role);
	if (ingest_settings_udp_port != 0)
		is_open &= ingest_datagram_open(role);
}

void
ingest_plain_tend(void)
{
	if (next_tend > ingest_poll_now())
		return;
	next_tend = ingest_poll_now() + PLAIN_TEND;
	if (is_open && next_check <= ingest_poll_now() &&
		ingest_stream_count() + ingest_datagram_count() > 0)
		ingest_plain_open();
	ingest_stream_tend();
	ingest_datagram_tend();
}

void
ingest_plain_answered(WriteRequest *write)
{
	if (write->owner != NULL)
		ingest_stream_answered(write);
	else
		ingest_datagram_answered(write);
}

long
ingest_plain_timeout(long most)
{
	return ingest_stream_count() + ingest_datagram_count() > 0 ?
		Min(most, PLAIN_TEND) : most;
}

void
ingest_plain_stop(void)
{
	ingest_retry_stop();
	ingest_plain_close();
	/* what waits goes to the queue, which refuses it, and the log says so */
	ingest_stream_tend();
	ingest_datagram_tend();
}
