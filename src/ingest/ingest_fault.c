/*
 * ingest_fault.c
 *	  What an error of the server means to a client.
 *
 * Agents throw data away when they get a 4xx, and try again after a 5xx.  So
 * 400 is for what the data itself is at fault for, and nothing else.
 */
#include "postgres.h"

#include "ingest/ingest_fault.h"

static bool
ingest_fault_in_class(int sqlstate, const char *class)
{
	return ERRCODE_TO_CATEGORY(sqlstate) ==
		MAKE_SQLSTATE(class[0], class[1], '0', '0', '0');
}

FaultKind
ingest_fault_kind(int sqlstate)
{
	if (sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE ||
		sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED)
		return FAULT_CONFLICT;
	if (sqlstate == ERRCODE_READ_ONLY_SQL_TRANSACTION ||
		sqlstate == ERRCODE_LOCK_NOT_AVAILABLE ||
		ingest_fault_in_class(sqlstate, "53") ||	/* disk, memory */
		ingest_fault_in_class(sqlstate, "57") ||	/* cancelled, shutdown */
		ingest_fault_in_class(sqlstate, "40"))
		return FAULT_LATER;
	if (ingest_fault_in_class(sqlstate, "22") ||	/* values */
		ingest_fault_in_class(sqlstate, "23") ||	/* constraints */
		ingest_fault_in_class(sqlstate, "21") ||	/* one point twice */
		ingest_fault_in_class(sqlstate, "44") ||	/* WITH CHECK OPTION */
		ingest_fault_in_class(sqlstate, "P0") ||	/* RAISE in a trigger */
		sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED ||
		sqlstate == ERRCODE_GENERATED_ALWAYS)
		return FAULT_LINE;
	return FAULT_SERVER;
}

IngestReject
ingest_fault_reject(int sqlstate)
{
	if (sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
		return INGEST_REJECT_PRIVILEGE;
	if (ingest_fault_in_class(sqlstate, "22"))
		return INGEST_REJECT_TYPE;
	if (ingest_fault_in_class(sqlstate, "23") ||
		ingest_fault_in_class(sqlstate, "44"))
		return INGEST_REJECT_CONSTRAINT;
	return INGEST_REJECT_OTHER;
}
