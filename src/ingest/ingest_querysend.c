/*
 * ingest_querysend.c
 *	  Messages of a query's process to the ingest worker.
 *
 * A message that has begun must be sent to its end before another one begins.
 * While it waits for room the query may be cancelled, and what tells the client
 * so is the next message.  So the message under way is kept here, and its rest
 * goes first.
 */
#include "postgres.h"

#include "compat/querying.h"
#include "ingest/ingest_querysend.h"
#include "ingest/ingest_queryshare.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "utils/wait_event.h"

static shm_mq_handle *queue = NULL;
static char message[1 + QUERYSHARE_PIECE_BYTES];
static Size message_len = 0;	/* 0: none is under way */
static bool detached = false;

void
ingest_querysend_init(dsm_segment *segment, void *memory)
{
	shm_mq_set_sender((shm_mq *) memory, MyProc);
	queue = shm_mq_attach((shm_mq *) memory, segment, NULL);
}

bool
ingest_querysend_is_in_vain(void)
{
	return detached;
}

void
ingest_querysend_finish(void)
{
	while (message_len > 0)
	{
		switch (shm_mq_send(queue, message_len, message, true, true))
		{
			case SHM_MQ_SUCCESS:
				message_len = 0;
				break;
			case SHM_MQ_DETACHED:
				message_len = 0;
				detached = true;
				ereport(ERROR,
						(errcode(ERRCODE_CONNECTION_FAILURE),
						 errmsg("the client does not want the answer any more")));
				break;
			case SHM_MQ_WOULD_BLOCK:
				(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH,
								 -1, WAIT_EVENT_MESSAGE_QUEUE_SEND);
				ResetLatch(MyLatch);
				CHECK_FOR_INTERRUPTS();
				break;
		}
	}
}

void
ingest_querysend_begin(char kind, const char *bytes, Size len)
{
	Assert(len <= QUERYSHARE_PIECE_BYTES);
	ingest_querysend_finish();
	message[0] = kind;
	if (len > 0)
		memcpy(message + 1, bytes, len);
	message_len = 1 + len;
}
