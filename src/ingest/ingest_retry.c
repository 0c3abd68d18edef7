/*
 * ingest_retry.c
 *	  Lines whose sender nobody can ask to come again.
 */
#include "postgres.h"

#include "ingest/ingest_poll.h"
#include "ingest/ingest_queue.h"
#include "ingest/ingest_retry.h"
#include "ingest/ingest_settings.h"

#define RETRY_PAUSE 200			/* milliseconds */
#define RETRY_FROM 500			/* statuses that are not the lines' fault */

static bool stopped = false;

void
ingest_retry_stop(void)
{
	stopped = true;
}

void
ingest_retry_begin(RetriedWrite *retried, Oid role, char *data, size_t len)
{
	WriteRequest *write = &retried->write;

	write->api = REQUEST_STREAM;
	write->role = role;
	write->wal_mode = (IngestWalMode) ingest_settings_wal_mode;
	write->unit = 1;
	write->body = data;
	write->body_len = len;
	retried->retry_at = 0;
	retried->give_up_at = ingest_poll_now() + ingest_settings_timeout;
	ingest_queue_add(write);
}

bool
ingest_retry_answered(RetriedWrite *retried, bool *dropped)
{
	WriteRequest *write = &retried->write;

	free(write->answer);
	write->answer = NULL;
	*dropped = write->status >= RETRY_FROM;
	if (!*dropped)
		return true;
	if (stopped || ingest_poll_now() >= retried->give_up_at)
		return true;
	*dropped = false;
	retried->retry_at = ingest_poll_now() + RETRY_PAUSE;
	return false;
}

void
ingest_retry_tend(RetriedWrite *retried)
{
	if (retried->retry_at == 0 ||
		(retried->retry_at > ingest_poll_now() && !stopped))
		return;
	retried->retry_at = 0;
	ingest_queue_add(&retried->write);
}
