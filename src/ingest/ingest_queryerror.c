/*
 * ingest_queryerror.c
 *	  What becomes of an error of a query on its way to the client.
 *
 * An agent must know whether to come again.  503 says so, and is for nothing
 * else.  504 is a query that took too long: it would do so again.  408 would
 * be wrong, for browsers and libraries send a request again after it by
 * themselves.
 */
#include "postgres.h"

#include "ingest/ingest_queryerror.h"
#include "utils/elog.h"
#include "utils/json.h"

static bool
ingest_queryerror_in_class(int sqlstate, const char *class_digits)
{
	return ERRCODE_TO_CATEGORY(sqlstate) ==
		MAKE_SQLSTATE(class_digits[0], class_digits[1], '0', '0', '0');
}

int
ingest_queryerror_status(int sqlstate, bool timed_out)
{
	if (timed_out && sqlstate == ERRCODE_QUERY_CANCELED)
		return 504;
	if (sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		ingest_queryerror_in_class(sqlstate, "28"))	/* the role itself */
		return 403;
	if (sqlstate == ERRCODE_LOCK_NOT_AVAILABLE ||
		ingest_queryerror_in_class(sqlstate, "40") ||	/* deadlock, recovery */
		ingest_queryerror_in_class(sqlstate, "53") ||	/* memory, disk */
		ingest_queryerror_in_class(sqlstate, "57"))	/* cancelled, shutdown */
		return 503;
	if (ingest_queryerror_in_class(sqlstate, "58") ||	/* files */
		ingest_queryerror_in_class(sqlstate, "F0") ||	/* configuration */
		ingest_queryerror_in_class(sqlstate, "XX"))	/* damage, bugs */
		return 500;
	return 400;
}

int
ingest_queryerror_retry_after(int status)
{
	return status == 503 ? 1 : 0;
}

static void
ingest_queryerror_field(StringInfo out, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	appendStringInfo(out, ",\"%s\":", name);
	escape_json(out, value);
}

void
ingest_queryerror_fields(StringInfo out, const QueryError *error)
{
	appendStringInfoString(out, "\"error\":");
	escape_json(out, error->message ? error->message : "");
	if (error->sqlstate != 0)
		ingest_queryerror_field(out, "code",
								unpack_sql_state(error->sqlstate));
	ingest_queryerror_field(out, "detail", error->detail);
	ingest_queryerror_field(out, "hint", error->hint);
}
