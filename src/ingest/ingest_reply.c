/*
 * ingest_reply.c
 *	  What a client is answered, and how it is put.
 *
 * Errors are {"error":"..."} where the client speaks to InfluxDB 1.x, which
 * says the same once more in a header, and {"code":"...","message":"..."}
 * where it speaks to 2.x.  Memory is malloc's; where there is none left, an
 * answer goes without its text.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "ingest/ingest_reply.h"

#define REPLY_JSON "application/json"
#define REPLY_ERROR_HEADER 512	/* longest text in a header */

/* ---------- JSON ---------- */

static char *
ingest_reply_put(char *to, const char *text)
{
	size_t		len = strlen(text);

	memcpy(to, text, len);
	return to + len;
}

/* Six bytes for each of the text's are enough. */
static char *
ingest_reply_put_escaped(char *to, const char *text)
{
	for (; *text != '\0'; text++)
	{
		unsigned char c = (unsigned char) *text;

		if (c == '"' || c == '\\')
		{
			*to++ = '\\';
			*to++ = (char) c;
		}
		else if (c < ' ')
			to += sprintf(to, "\\u%04x", c);
		else
			*to++ = (char) c;
	}
	return to;
}

static const char *
ingest_reply_code(int status)
{
	switch (status)
	{
		case MHD_HTTP_BAD_REQUEST:
		case MHD_HTTP_UNSUPPORTED_MEDIA_TYPE:
			return "invalid";
		case MHD_HTTP_UNAUTHORIZED:
			return "unauthorized";
		case MHD_HTTP_FORBIDDEN:
			return "forbidden";
		case MHD_HTTP_NOT_FOUND:
			return "not found";
		case MHD_HTTP_METHOD_NOT_ALLOWED:
			return "method not allowed";
		case MHD_HTTP_CONTENT_TOO_LARGE:
			return "request too large";
		case MHD_HTTP_UNPROCESSABLE_CONTENT:
			return "unprocessable entity";
		case MHD_HTTP_TOO_MANY_REQUESTS:
			return "too many requests";
		case MHD_HTTP_SERVICE_UNAVAILABLE:
			return "unavailable";
		default:
			return "internal error";
	}
}

char *
ingest_reply_error_text(RequestApi api, int status, const char *message)
{
	char	   *text = malloc(6 * strlen(message) + 64);
	char	   *at = text;

	if (text == NULL)
		return NULL;
	if (api == REQUEST_V2)
	{
		at = ingest_reply_put(at, "{\"code\":\"");
		at = ingest_reply_put(at, ingest_reply_code(status));
		at = ingest_reply_put(at, "\",\"message\":\"");
	}
	else
		at = ingest_reply_put(at, "{\"error\":\"");
	at = ingest_reply_put_escaped(at, message);
	at = ingest_reply_put(at, "\"}");
	*at = '\0';
	return text;
}

/* ---------- replies ---------- */

void
ingest_reply_set_text(IngestReply *reply, int status,
					  const char *content_type, char *text)
{
	ingest_reply_free(reply);
	reply->status = status;
	if (text == NULL)
		return;
	reply->content_type = content_type;
	reply->body = text;
	reply->body_len = strlen(text);
}

void
ingest_reply_set_json(IngestReply *reply, int status, char *json)
{
	ingest_reply_set_text(reply, status, REPLY_JSON, json);
}

void
ingest_reply_set_error(IngestReply *reply, RequestApi api, int status,
					   const char *message)
{
	ingest_reply_set_json(reply, status,
						  ingest_reply_error_text(api, status, message));
}

void
ingest_reply_free(IngestReply *reply)
{
	free(reply->body);
	memset(reply, 0, sizeof(IngestReply));
}

/* ---------- headers ---------- */

/*
 * The text of {"error":"..."}, in a header.  Escapes stay as they are, all but
 * that of the quote.
 */
static void
ingest_reply_add_error(struct MHD_Response *response, const IngestReply *reply)
{
	static const char start[] = "{\"error\":\"";
	char		header[REPLY_ERROR_HEADER + 1];
	const char *end = reply->body + reply->body_len;
	const char *at = reply->body + sizeof(start) - 1;
	size_t		len = 0;

	if (reply->body_len < sizeof(start) ||
		memcmp(reply->body, start, sizeof(start) - 1) != 0)
		return;
	for (; at < end && *at != '"' && len < REPLY_ERROR_HEADER; at++)
	{
		if (*at == '\\' && at + 1 < end && at[1] == '"')
			at++;
		header[len++] = (unsigned char) *at < ' ' ? ' ' : *at;
	}
	header[len] = '\0';
	(void) MHD_add_response_header(response, "X-Influxdb-Error", header);
}

static void
ingest_reply_add_request_id(struct MHD_Response *response)
{
	uint64		a = pg_prng_uint64(&pg_global_prng_state);
	uint64		b = pg_prng_uint64(&pg_global_prng_state);
	char		id[40];

	snprintf(id, sizeof(id), "%08x-%04x-4%03x-%04x-%012llx",
			 (unsigned) (a >> 32), (unsigned) (a >> 16 & 0xffff),
			 (unsigned) (a & 0xfff), (unsigned) (0x8000 | (b >> 48 & 0x3fff)),
			 (unsigned long long) (b & UINT64CONST(0xffffffffffff)));
	(void) MHD_add_response_header(response, "Request-Id", id);
	(void) MHD_add_response_header(response, "X-Request-Id", id);
}

void
ingest_reply_add_headers(struct MHD_Response *response)
{
	(void) MHD_add_response_header(response, "X-Influxdb-Version",
								   INGEST_REPLY_VERSION);
	(void) MHD_add_response_header(response, "X-Influxdb-Build", "OSS");
	ingest_reply_add_request_id(response);
}

static void
ingest_reply_add_special(struct MHD_Response *response,
						 const IngestReply *reply, RequestApi api)
{
	char		seconds[16];

	if (reply->content_type != NULL)
		(void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
									   reply->content_type);
	if (reply->retry_after > 0)
	{
		snprintf(seconds, sizeof(seconds), "%d", reply->retry_after);
		(void) MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER,
									   seconds);
	}
	if (reply->status == MHD_HTTP_UNAUTHORIZED)
		(void) MHD_add_response_header(response,
									   MHD_HTTP_HEADER_WWW_AUTHENTICATE,
									   "Basic realm=\"InfluxDB\"");
	if (reply->allow != NULL)
		(void) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
									   reply->allow);
	if (reply->close)
		(void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
									   "close");
	if (api == REQUEST_V1 && reply->status >= 400 && reply->body != NULL)
		ingest_reply_add_error(response, reply);
}

enum MHD_Result
ingest_reply_send(struct MHD_Connection *connection, IngestReply *reply,
				  RequestApi api)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	int			status = reply->status;

	response = MHD_create_response_from_buffer(reply->body_len, reply->body,
											   MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		return MHD_NO;
	ingest_reply_add_headers(response);
	ingest_reply_add_special(response, reply, api);
	/* the body is the response's now */
	reply->body = NULL;
	ingest_reply_free(reply);
	result = MHD_queue_response(connection, (unsigned) status, response);
	MHD_destroy_response(response);
	return result;
}
