/*
 * ingest_asking.c
 *	  Queries over HTTP: between the library and those who run them.
 *
 * A query runs elsewhere, and its answer comes piece by piece.  While nothing
 * has come, its connection is suspended: the library leaves it alone.  The
 * process's latch says that something may have come, for which of them it
 * cannot say; so all are resumed, the library asks, and those who have nothing
 * yet are suspended again.  (They are few: rusts.ingest_max_queries.)
 *
 *	head unknown <--> suspended
 *		 | head known: error -> a reply like any other
 *		 v
 *	 streaming   <--> suspended
 *
 * A client that goes away while its connection is suspended is not noticed by
 * the library.  So its socket is looked at once a second.
 */
#include "postgres.h"

#include <sys/socket.h>

#include "ingest/ingest_asking.h"
#include "ingest/ingest_form.h"
#include "ingest/ingest_query.h"
#include "ingest/ingest_share.h"

#define ASKING_BLOCK (32 * 1024)	/* of an answer at a time */
#define ASKING_LOOK 1000		/* milliseconds */

typedef struct QueryCall
{
	dlist_node	node;
	QueryRun   *run;			/* NULL: broken off */
	HttpCall   *call;
	bool		suspended;
} QueryCall;

static dlist_head queries = DLIST_STATIC_INIT(queries);
static int	query_count = 0;
static int64 next_look = 0;

int
ingest_asking_count(void)
{
	return query_count;
}

static void
ingest_asking_note_count(int change)
{
	query_count += change;
	pg_atomic_write_u64(&ingest_share_counters->queries, (uint64) query_count);
}

static void
ingest_asking_suspend(QueryCall *query)
{
	query->suspended = true;
	MHD_suspend_connection(query->call->mhd);
}

static void
ingest_asking_resume(QueryCall *query)
{
	if (query->suspended)
		MHD_resume_connection(query->call->mhd);
	query->suspended = false;
}

/* ---------- the request ---------- */

/* What the URL does not say, a form may. */
static const char *
ingest_asking_value(const HttpCall *call, const char *name, bool is_form,
					char **memory)
{
	const char *value = call_argument(call, name);

	*memory = NULL;
	if (value == NULL && is_form && call->body.len > 0)
		value = *memory = ingest_form_value(call->body.data, call->body.len,
											name);
	return value;
}

static bool
ingest_asking_is_form(const HttpCall *call)
{
	const char *type = call_header(call, MHD_HTTP_HEADER_CONTENT_TYPE);

	return call->post && type != NULL &&
		pg_strncasecmp(type, INGEST_FORM_TYPE, strlen(INGEST_FORM_TYPE)) == 0;
}

static QueryRun *
ingest_asking_start(HttpCall *call, QueryAnswer *answer)
{
	bool		is_form = ingest_asking_is_form(call);
	QueryRequest request = {0};
	QueryRun   *run;
	char	   *memory[4];
	int			i;

	request.role = call->role;
	request.post = call->post;
	request.content_type = call_header(call, MHD_HTTP_HEADER_CONTENT_TYPE);
	request.accept = call_header(call, MHD_HTTP_HEADER_ACCEPT);
	request.db = ingest_asking_value(call, "db", is_form, &memory[0]);
	request.q = ingest_asking_value(call, "q", is_form, &memory[1]);
	request.format = ingest_asking_value(call, "format", is_form, &memory[2]);
	request.epoch = ingest_asking_value(call, "epoch", is_form, &memory[3]);
	request.body = call->body.data;
	request.body_len = call->body.len;
	run = ingest_query_start(&request, answer);
	for (i = 0; i < lengthof(memory); i++)
		free(memory[i]);
	ingest_body_free(&call->body);
	return run;
}

/* ---------- the answer ---------- */

static enum MHD_Result
ingest_asking_reply(HttpCall *call, QueryAnswer *answer)
{
	IngestReply *reply = &call->reply;

	ingest_reply_free(reply);
	reply->status = answer->status;
	reply->content_type = answer->content_type;
	reply->body = answer->body;
	reply->body_len = answer->body ? answer->body_len : 0;
	reply->retry_after = answer->retry_after;
	return MHD_YES;
}

static ssize_t
ingest_asking_read(void *cls, uint64_t position, char *buffer, size_t room)
{
	QueryCall  *query = cls;
	long		len = query->run ? ingest_query_read(query->run, buffer, room) : -2;

	if (len > 0)
		return (ssize_t) len;
	if (len == -1)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (len < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	ingest_asking_suspend(query);
	return 0;
}

static enum MHD_Result
ingest_asking_stream(HttpCall *call, const QueryAnswer *answer)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, ASKING_BLOCK,
												 ingest_asking_read,
												 call->query, NULL);
	if (response == NULL)
		return MHD_NO;
	ingest_reply_add_headers(response);
	(void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
								   answer->content_type);
	if (call->connection->retiring)
		(void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
									   "close");
	call->state = CALL_ANSWERED;
	result = MHD_queue_response(call->mhd, (unsigned) answer->status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---------- from the request to the answer ---------- */

enum MHD_Result
ingest_asking_go_on(HttpCall *call)
{
	QueryCall  *query = call->query;
	QueryAnswer answer = {0};

	if (query->run == NULL)
	{
		ingest_reply_set_error(&call->reply, call->api,
							   MHD_HTTP_SERVICE_UNAVAILABLE,
							   "the query was broken off");
		return MHD_YES;
	}
	if (ingest_query_head(query->run, &answer) == 0)
	{
		ingest_asking_suspend(query);
		return MHD_YES;
	}
	if (answer.body != NULL)
		return ingest_asking_reply(call, &answer);
	return ingest_asking_stream(call, &answer);
}

enum MHD_Result
ingest_asking_begin(HttpCall *call)
{
	QueryAnswer answer = {0};
	QueryRun   *run = ingest_asking_start(call, &answer);

	if (run == NULL)
		return ingest_asking_reply(call, &answer);
	call->query = calloc(1, sizeof(QueryCall));
	if (call->query == NULL)
	{
		ingest_query_close(run);
		return MHD_NO;
	}
	call->state = CALL_WAITING;
	call->query->run = run;
	call->query->call = call;
	dlist_push_tail(&queries, &call->query->node);
	ingest_asking_note_count(1);
	return ingest_asking_go_on(call);
}

/* ---------- ends ---------- */

static void
ingest_asking_break_off(QueryCall *query)
{
	if (query->run != NULL)
		ingest_query_close(query->run);
	query->run = NULL;
}

void
ingest_asking_end(HttpCall *call)
{
	QueryCall  *query = call->query;

	if (query == NULL)
		return;
	ingest_asking_break_off(query);
	dlist_delete(&query->node);
	ingest_asking_note_count(-1);
	free(query);
	call->query = NULL;
}

void
ingest_asking_wake(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &queries)
		ingest_asking_resume(dlist_container(QueryCall, node, iter.cur));
}

void
ingest_asking_stop(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &queries)
	{
		QueryCall  *query = dlist_container(QueryCall, node, iter.cur);

		ingest_asking_break_off(query);
		ingest_asking_resume(query);
	}
}

static bool
ingest_asking_has_client(const QueryCall *query)
{
	char		byte;
	ssize_t		len = recv(query->call->connection->fd, &byte, 1,
						   MSG_PEEK | MSG_DONTWAIT);

	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

void
ingest_asking_tend(void)
{
	dlist_iter	iter;

	if (next_look > ingest_poll_now())
		return;
	next_look = ingest_poll_now() + ASKING_LOOK;
	dlist_foreach(iter, &queries)
	{
		QueryCall  *query = dlist_container(QueryCall, node, iter.cur);

		if (!query->suspended || ingest_asking_has_client(query))
			continue;
		ingest_asking_break_off(query);
		ingest_asking_resume(query);
	}
}
