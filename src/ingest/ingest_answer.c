/*
 * ingest_answer.c
 *	  Answers to writes, as InfluxDB's clients expect them.
 *
 * 204: all is stored.  400 (v1) or 422 (v2): some lines were dropped, all others
 * are stored.  403: the role may not write.  503: come again, nothing is
 * stored.  500: nothing is stored, and somebody has to look.
 */
#include "postgres.h"

#include "ingest/ingest_fault.h"
#include "ingest/ingest_answer.h"
#include "utils/json.h"

#define REPLY_RETRY_AFTER 1		/* seconds */

static const char *
ingest_answer_code(int status)
{
	switch (status)
	{
		case 400:
			return "invalid";
		case 401:
			return "unauthorized";
		case 403:
			return "forbidden";
		case 404:
			return "not found";
		case 405:
			return "method not allowed";
		case 413:
			return "request too large";
		case 422:
			return "unprocessable entity";
		case 429:
			return "too many requests";
		case 503:
			return "unavailable";
		default:
			return "internal error";
	}
}

char *
ingest_answer_body(RequestApi api, int status, const char *message)
{
	StringInfoData body;
	char	   *copy;

	if (api == REQUEST_STREAM)
		return NULL;
	initStringInfo(&body);
	if (api == REQUEST_V1)
		appendStringInfoString(&body, "{\"error\":");
	else
		appendStringInfo(&body, "{\"code\":\"%s\",\"message\":",
						 ingest_answer_code(status));
	escape_json(&body, message);
	appendStringInfoString(&body, "}\n");
	copy = strdup(body.data);
	pfree(body.data);
	return copy;
}

static void
ingest_answer_set(WriteRequest *request, int status, const char *message)
{
	request->status = status;
	request->retry_after = status == 503 ? REPLY_RETRY_AFTER : 0;
	request->answer = ingest_answer_body(request->api, status, message);
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
