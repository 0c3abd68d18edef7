/*
 * ingest_log.c
 *	  The server's log, for what clients can cause again and again.
 */
#include "postgres.h"

#include "ingest/ingest_log.h"
#include "ingest/ingest_poll.h"
#include "ingest/ingest_share.h"

#define LOG_INTERVAL 10000		/* milliseconds */
#define LOG_ROOM 512

typedef struct LogState
{
	int64		next;			/* not before */
	long		missed;
} LogState;

static LogState states[LOG_KIND_COUNT];

void
ingest_log(LogKind kind, const char *hint, const char *format,...)
{
	LogState   *state = &states[kind];
	char		text[LOG_ROOM];
	va_list		args;

	if (ingest_poll_now() < state->next)
	{
		state->missed++;
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ereport(LOG,
			(errmsg("%s", text),
			 state->missed > 0 ?
			 errdetail("So it was %ld times more since the last such line.",
					   state->missed) : 0,
			 hint != NULL ? errhint("%s", hint) : 0));
	ingest_share_note_failure(text);
	state->missed = 0;
	state->next = ingest_poll_now() + LOG_INTERVAL;
}
