/*
 * ingest_answer.c
 *	  Answers to writes, as InfluxDB's clients expect them.
 *
 * 204: all is stored.  400 (v1) or 422 (v2): some lines were dropped, all others
 * are stored.  403: the role may not write.  503: come again, nothing is
 * stored.  500: nothing is stored, and somebody has to look.
 */
#include "postgres.h"

#include "ingest/ingest_encoding.h"
#include "ingest/ingest_fault.h"
#include "ingest/ingest_answer.h"
#include "ingest/ingest_reply.h"

#define REPLY_RETRY_AFTER 1		/* seconds */

static void
ingest_answer_set(WriteRequest *request, int status, const char *message)
{
	request->status = status;
	request->retry_after = status == 503 ? REPLY_RETRY_AFTER : 0;
	request->answer = request->api == REQUEST_STREAM ? NULL :
		ingest_reply_error_text(request->api, status,
								ingest_encoding_send(message));
}

void
ingest_answer_outcome(WriteRequest *request, const Outcome *outcome)
{
	if (outcome->dropped == 0)
	{
		request->status = 204;
		return;
	}
	if (outcome->rejected[INGEST_REJECT_PRIVILEGE] == outcome->lines)
		ingest_answer_set(request, 403, outcome->first_message);
	else
		ingest_answer_set(request, request->api == REQUEST_V2 ? 422 : 400,
						 psprintf("partial write: %s dropped=" INT64_FORMAT,
								  outcome->first_message, outcome->dropped));
}

void
ingest_answer_error(WriteRequest *request, int sqlstate, const char *message)
{
	/* ingest_auth_become: the role is gone.  TCP and UDP have 5xx for what was
	 * not looked at. */
	if (sqlstate == ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION &&
		request->api != REQUEST_STREAM)
	{
		ingest_answer_set(request, 403, message);
		return;
	}
	switch (ingest_fault_kind(sqlstate))
	{
		case FAULT_CONFLICT:
		case FAULT_LATER:
			ingest_answer_set(request, 503, message);
			break;
		case FAULT_LINE:
		case FAULT_SERVER:
			ingest_answer_set(request, 500, message);
			break;
	}
}
