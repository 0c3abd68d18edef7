/*
 * ingest_queue.c
 *	  Writes that are whole, until the worker's loop comes to them.
 *
 * What is handed back may be added again, and then waits for the next time.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "ingest/ingest_queue.h"
#include "ingest/ingest_reply.h"
#include "ingest/ingest_share.h"
#include "ingest/ingest_write.h"

#define QUEUE_RETRY_AFTER 1		/* seconds */
#define QUEUE_STANDBY_RETRY_AFTER 5

static dlist_head waiting = DLIST_STATIC_INIT(waiting);

void
ingest_queue_add(WriteRequest *request)
{
	request->first_tried = 0;
	request->status = 0;
	request->answer = NULL;
	request->retry_after = 0;
	dlist_push_tail(&waiting, &request->node);
}

bool
ingest_queue_is_empty(void)
{
	return dlist_is_empty(&waiting);
}

/* All that waits is done, by a refusal. */
static void
ingest_queue_refuse_all(dlist_head *done, const char *reason, int retry_after)
{
	while (!dlist_is_empty(&waiting))
	{
		dlist_node *node = dlist_pop_head_node(&waiting);
		WriteRequest *request = dlist_container(WriteRequest, node, node);

		request->status = MHD_HTTP_SERVICE_UNAVAILABLE;
		request->retry_after = retry_after;
		request->answer = ingest_reply_error_text(request->api,
												  request->status, reason);
		ingest_share_add(&ingest_share_counters->refused, 1);
		dlist_push_tail(done, node);
	}
}

static void
ingest_queue_hand_back(dlist_head *done,
					   void (*answered) (WriteRequest *request))
{
	while (!dlist_is_empty(done))
	{
		answered(dlist_container(WriteRequest, node,
								 dlist_pop_head_node(done)));
	}
}

void
ingest_queue_write(void (*answered) (WriteRequest *request))
{
	dlist_head	done;

	dlist_init(&done);
	if (RecoveryInProgress())
		ingest_queue_refuse_all(&done, "read-only standby",
								QUEUE_STANDBY_RETRY_AFTER);
	else
		ingest_write_run(&waiting, &done);
	ingest_queue_hand_back(&done, answered);
}

void
ingest_queue_refuse(void (*answered) (WriteRequest *request),
					const char *reason)
{
	dlist_head	done;

	dlist_init(&done);
	ingest_queue_refuse_all(&done, reason, QUEUE_RETRY_AFTER);
	ingest_queue_hand_back(&done, answered);
}
