/*
 * ingest_serve.c
 *	  HTTP requests: which there are, who may, and what becomes of them.
 *
 * All that can be told from the headers is decided before the body is read:
 * who it is, whether there is such a thing, whether it is too large.  What is
 * refused then is answered at once when the body is long, or when the client
 * waits to be told to send it; the connection closes after that, because the
 * library will not read the body any more (ingest_connection lingers).  A
 * short body is read and dropped, and the connection can be used again.
 *
 * A body that turns out to be too large, or damaged, while it comes is read to
 * its end, and nothing of it is kept.
 *
 * These functions are called from within the library, which an error must not
 * jump through: none of them raises one.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "ingest/ingest_asking.h"
#include "ingest/ingest_auth.h"
#include "ingest/ingest_log.h"
#include "ingest/ingest_login.h"
#include "ingest/ingest_metrics.h"
#include "ingest/ingest_queue.h"
#include "ingest/ingest_serve.h"
#include "ingest/ingest_share.h"
#include "wire/wireparser.h"

#define SERVE_RETRY_AFTER 1		/* seconds */
#define SERVE_STANDBY_RETRY_AFTER 5
#define SERVE_SHORT_BODY (64 * 1024)

#define SERVE_GET 1
#define SERVE_HEAD 2
#define SERVE_POST 4

typedef struct Route
{
	const char *path;
	CallKind	kind;
	RequestApi	api;
	int			methods;
	const char *allow;
} Route;

static const Route routes[] = {
	{"/write", CALL_WRITE, REQUEST_V1, SERVE_POST, "POST"},
	{"/api/v2/write", CALL_WRITE, REQUEST_V2, SERVE_POST, "POST"},
	{"/query", CALL_QUERY, REQUEST_V1, SERVE_GET | SERVE_POST, "GET, POST"},
	{"/ping", CALL_PING, REQUEST_V1, SERVE_GET | SERVE_HEAD, "GET, HEAD"},
	{"/health", CALL_HEALTH, REQUEST_V2, SERVE_GET | SERVE_HEAD, "GET, HEAD"},
	{"/metrics", CALL_METRICS, REQUEST_V1, SERVE_GET | SERVE_HEAD, "GET, HEAD"}
};

static bool stopping = false;

void
ingest_serve_stop(void)
{
	stopping = true;
}

/* ---------- refusals ---------- */

static bool
ingest_serve_refuse(HttpCall *call, int status, const char *message)
{
	ingest_reply_set_error(&call->reply, call->api, status, message);
	return false;
}

/* What a retry heals. */
static bool
ingest_serve_send_away(HttpCall *call, const char *message, int retry_after)
{
	(void) ingest_serve_refuse(call, MHD_HTTP_SERVICE_UNAVAILABLE, message);
	call->reply.retry_after = retry_after;
	if (call->kind == CALL_WRITE)
		ingest_share_add(&ingest_share_counters->refused, 1);
	return false;
}

static bool
ingest_serve_refuse_size(HttpCall *call)
{
	return ingest_serve_refuse(call, MHD_HTTP_CONTENT_TOO_LARGE,
							   call->api == REQUEST_V2 ?
							   "unable to read data: points batch is too large" :
							   "Request Entity Too Large");
}

static bool
ingest_serve_refuse_for_room(HttpCall *call)
{
	ingest_log(LOG_KIND_MEMORY, NULL,
			   "ingest worker has no room for more requests: client %s was told to retry",
			   call->connection->address);
	return ingest_serve_send_away(call, "too many requests in memory",
								  SERVE_RETRY_AFTER);
}

/* ---------- what the headers tell ---------- */

/* The functions from here on return false when they have set a reply. */
static bool
ingest_serve_check_route(HttpCall *call, const char *url, const char *method)
{
	int			bit = strcmp(method, "GET") == 0 ? SERVE_GET :
		strcmp(method, "HEAD") == 0 ? SERVE_HEAD :
		strcmp(method, "POST") == 0 ? SERVE_POST : 0;
	int			i;

	for (i = 0; i < lengthof(routes); i++)
	{
		if (strcmp(routes[i].path, url) != 0)
			continue;
		call->api = routes[i].api;
		if ((routes[i].methods & bit) != 0)
		{
			call->kind = routes[i].kind;
			call->post = bit == SERVE_POST;
			return true;
		}
		(void) ingest_serve_refuse(call, MHD_HTTP_METHOD_NOT_ALLOWED,
								   "Method not allowed");
		call->reply.allow = routes[i].allow;
		return false;
	}
	call->api = strncmp(url, "/api/v2/", 8) == 0 ? REQUEST_V2 : REQUEST_V1;
	return ingest_serve_refuse(call, MHD_HTTP_NOT_FOUND, "path not found");
}

static bool
ingest_serve_check_state(HttpCall *call)
{
	if (stopping)
		(void) ingest_serve_send_away(call, "the server is shutting down",
									  SERVE_RETRY_AFTER);
	else if (call->connection->surplus)
	{
		ingest_log(LOG_KIND_CONNECTIONS,
				   "Raise rusts.ingest_max_connections.",
				   "ingest worker has too many connections: client %s was told to retry",
				   call->connection->address);
		(void) ingest_serve_send_away(call, "too many connections",
									  SERVE_RETRY_AFTER);
	}
	else
		return true;
	call->reply.close = true;
	return false;
}

static bool
ingest_serve_deny(HttpCall *call, const char *message)
{
	ingest_share_add(&ingest_share_counters->auth_failures, 1);
	return ingest_serve_refuse(call, MHD_HTTP_UNAUTHORIZED,
							   call->api == REQUEST_V2 ? "unauthorized access" :
							   message);
}

static bool
ingest_serve_check_verdict(HttpCall *call, const IngestLogin *login,
						   AuthVerdict verdict)
{
	switch (verdict)
	{
		case AUTH_GRANTED:
			return true;
		case AUTH_DENIED:
			if (login->user == NULL)
				return ingest_serve_deny(call, "unable to parse authentication credentials");
			ingest_log(LOG_KIND_LOGIN, NULL,
					   "password authentication failed for user \"%.64s\" of ingest client %s",
					   login->user, call->connection->address);
			return ingest_serve_deny(call, "authorization failed");
		case AUTH_FORBIDDEN:
			ingest_share_add(&ingest_share_counters->auth_failures, 1);
			return ingest_serve_refuse(call, MHD_HTTP_FORBIDDEN,
									   "user may not log in to the database");
		case AUTH_SLOW_DOWN:
			(void) ingest_serve_refuse(call, MHD_HTTP_TOO_MANY_REQUESTS,
									   "too many authentication failures");
			call->reply.retry_after = SERVE_RETRY_AFTER;
			return false;
		case AUTH_UNAVAILABLE:
			break;
	}
	return ingest_serve_send_away(call, "authentication is not possible now",
								  SERVE_RETRY_AFTER);
}

static bool
ingest_serve_check_login(HttpCall *call)
{
	IngestLogin login;
	AuthVerdict verdict;
	bool		fine;

	ingest_login_read(call->mhd, &login);
	if (login.kind == LOGIN_UNREADABLE && ingest_settings_auth)
		fine = ingest_serve_deny(call, "unable to parse authentication credentials");
	else
	{
		verdict = ingest_auth_check(login.user, login.password,
									call->connection->address, &call->role);
		fine = ingest_serve_check_verdict(call, &login, verdict);
	}
	ingest_login_forget(&login);
	return fine;
}

static bool
ingest_serve_check_write(HttpCall *call)
{
	const char *precision = call_argument(call, "precision");
	const char *wal = call_argument(call, "wal");
	WriteRequest *write = &call->write;

	if (RecoveryInProgress())
		return ingest_serve_send_away(call, "read-only standby",
									  SERVE_STANDBY_RETRY_AFTER);
	write->api = call->api;
	write->role = call->role;
	write->owner = call;
	write->unit = precision == NULL || precision[0] == '\0' ? 1 :
		wireparser_unit(precision, strlen(precision));
	if (write->unit == 0)
		return ingest_serve_refuse(call, MHD_HTTP_BAD_REQUEST,
								   "invalid precision (use n, ns, u, us, ms, s, m or h)");
	write->wal_mode = (IngestWalMode) ingest_settings_wal_mode;
	if (wal != NULL && !ingest_settings_parse_wal_mode(wal, &write->wal_mode))
		return ingest_serve_refuse(call, MHD_HTTP_BAD_REQUEST,
								   "invalid wal (use every_write, periodic or os_default)");
	return true;
}

static bool
ingest_serve_check_body(HttpCall *call)
{
	const char *encoding = call_header(call, MHD_HTTP_HEADER_CONTENT_ENCODING);
	const char *length = call_header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);
	unsigned long long announced = length ? strtoull(length, NULL, 10) : 0;
	bool		gzip = encoding != NULL && pg_strcasecmp(encoding, "gzip") == 0;

	if (encoding != NULL && encoding[0] != '\0' && !gzip &&
		pg_strcasecmp(encoding, "identity") != 0)
		return ingest_serve_refuse(call, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
								   "unsupported content encoding (use gzip)");
	if (announced > ingest_body_limit())
		return ingest_serve_refuse_size(call);
	if (!ingest_body_has_room((size_t) announced))
		return ingest_serve_refuse_for_room(call);
	ingest_body_begin(&call->body, gzip);
	return true;
}

static void
ingest_serve_decide(HttpCall *call, const char *url, const char *method)
{
	if (!ingest_serve_check_route(call, url, method))
		return;
	if (!ingest_serve_check_state(call))
		return;
	if (call->kind != CALL_WRITE && call->kind != CALL_QUERY)
		return;
	(void) (ingest_serve_check_login(call) &&
			(call->kind != CALL_WRITE || ingest_serve_check_write(call)) &&
			ingest_serve_check_body(call));
}

/* ---------- the request comes ---------- */

/* Answer now what is refused, rather than read the body first? */
static bool
ingest_serve_is_hasty(const HttpCall *call)
{
	const char *length = call_header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);

	if (!call->has_body || call->reply.status == 0)
		return false;
	return length == NULL || strtoull(length, NULL, 10) > SERVE_SHORT_BODY ||
		call_header(call, MHD_HTTP_HEADER_EXPECT) != NULL;
}

static bool
ingest_serve_has_body(const HttpCall *call)
{
	const char *length = call_header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return call_header(call, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
		(length != NULL && strtoull(length, NULL, 10) > 0);
}

static enum MHD_Result
ingest_serve_send(HttpCall *call)
{
	call->state = CALL_ANSWERED;
	if (call->connection->retiring)
		call->reply.close = true;
	return ingest_reply_send(call->mhd, &call->reply, call->api);
}

enum MHD_Result
ingest_serve_begin(struct MHD_Connection *mhd, const char *url,
				   const char *method, HttpCall **begun)
{
	HttpCall   *call = calloc(1, sizeof(HttpCall));

	if (call == NULL)
		return MHD_NO;
	*begun = call;
	call->mhd = mhd;
	call->connection = ingest_connection_of(mhd);
	if (call->connection == NULL)
		return MHD_NO;
	ingest_share_add(&ingest_share_counters->requests, 1);
	ingest_connection_begin_body(call->connection);
	call->has_body = ingest_serve_has_body(call);
	ingest_serve_decide(call, url, method);
	if (!ingest_serve_is_hasty(call))
		return MHD_YES;
	call->connection->unread = true;
	ingest_connection_end_body(call->connection);
	return ingest_serve_send(call);
}

void
ingest_serve_add_body(HttpCall *call, const char *data, size_t len)
{
	ingest_connection_add_body(call->connection, len);
	if (call->reply.status == 0)
		ingest_body_add(&call->body, data, len);
}

/* ---------- the request is whole ---------- */

static bool
ingest_serve_check_verdict_of_body(HttpCall *call)
{
	switch (ingest_body_end(&call->body))
	{
		case BODY_FINE:
			return true;
		case BODY_TOO_LARGE:
			return ingest_serve_refuse_size(call);
		case BODY_BAD_GZIP:
			return ingest_serve_refuse(call, MHD_HTTP_BAD_REQUEST,
									   "unable to unpack the gzip body");
		case BODY_NO_ROOM:
			break;
	}
	return ingest_serve_refuse_for_room(call);
}

/* Into the queue, which answers. */
static enum MHD_Result
ingest_serve_wait_for_write(HttpCall *call)
{
	call->write.body = call->body.data;
	call->write.body_len = call->body.len;
	call->state = CALL_WAITING;
	ingest_queue_add(&call->write);
	MHD_suspend_connection(call->mhd);
	return MHD_YES;
}

void
ingest_serve_answered(WriteRequest *write)
{
	HttpCall   *call = write->owner;

	ingest_reply_set_json(&call->reply, write->status, write->answer);
	call->reply.retry_after = write->retry_after;
	write->answer = NULL;
	ingest_body_free(&call->body);
	MHD_resume_connection(call->mhd);
}

static enum MHD_Result
ingest_serve_ping(HttpCall *call)
{
	const char *verbose = call_argument(call, "verbose");

	if (verbose == NULL || verbose[0] == '\0' || strcmp(verbose, "0") == 0 ||
		strcmp(verbose, "false") == 0)
		ingest_reply_set_json(&call->reply, MHD_HTTP_NO_CONTENT, NULL);
	else
		ingest_reply_set_json(&call->reply, MHD_HTTP_OK,
							  strdup("{\"version\":\"" INGEST_REPLY_VERSION "\"}"));
	return ingest_serve_send(call);
}

static enum MHD_Result
ingest_serve_health(HttpCall *call)
{
	bool		standby = RecoveryInProgress();
	char		text[256];

	snprintf(text, sizeof(text),
			 "{\"name\":\"influxdb\",\"message\":\"%s\",\"status\":\"%s\",\"checks\":[],\"version\":\"%s\",\"commit\":\"rusts\"}",
			 standby ? "read-only standby" : "ready for queries and writes",
			 standby ? "fail" : "pass", INGEST_REPLY_VERSION);
	ingest_reply_set_json(&call->reply,
						  standby ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
						  strdup(text));
	return ingest_serve_send(call);
}

/* Each time that it need not wait any more. */
static enum MHD_Result
ingest_serve_query(HttpCall *call)
{
	enum MHD_Result result = call->state == CALL_COMING ?
		ingest_asking_begin(call) : ingest_asking_go_on(call);

	return call->reply.status != 0 ? ingest_serve_send(call) : result;
}

static enum MHD_Result
ingest_serve_run(HttpCall *call)
{
	switch (call->kind)
	{
		case CALL_WRITE:
			return ingest_serve_wait_for_write(call);
		case CALL_PING:
			return ingest_serve_ping(call);
		case CALL_HEALTH:
			return ingest_serve_health(call);
		case CALL_METRICS:
			ingest_reply_set_text(&call->reply, MHD_HTTP_OK,
								  "text/plain; version=0.0.4",
								  ingest_metrics_text());
			return ingest_serve_send(call);
		case CALL_QUERY:
			return ingest_serve_query(call);
		case CALL_NOTHING:
			break;
	}
	(void) ingest_serve_refuse(call, MHD_HTTP_NOT_FOUND, "path not found");
	return ingest_serve_send(call);
}

enum MHD_Result
ingest_serve_finish(HttpCall *call)
{
	ingest_connection_end_body(call->connection);
	if (call->state == CALL_COMING && call->reply.status == 0 &&
		(call->kind == CALL_WRITE || call->kind == CALL_QUERY))
		(void) ingest_serve_check_verdict_of_body(call);
	if (call->reply.status != 0)
		return ingest_serve_send(call);
	return ingest_serve_run(call);
}

void
ingest_serve_end(HttpCall *call)
{
	ingest_asking_end(call);
	ingest_body_free(&call->body);
	ingest_reply_free(&call->reply);
	if (call->connection != NULL)
		ingest_connection_answered(call->connection);
	free(call);
}
