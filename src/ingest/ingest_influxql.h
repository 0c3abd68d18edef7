/*
 * ingest_influxql.h
 *	  Statements of InfluxQL that agents send before they write.
 */
#ifndef RUSTS_INGEST_INFLUXQL_H
#define RUSTS_INGEST_INFLUXQL_H

#include "lib/stringinfo.h"

/*
 * Run the statements of q and append the answer, a JSON object, to out.
 * Returns its status.  Outside of transactions; may raise errors.
 */
extern int	ingest_influxql_run(const char *q, Oid role, StringInfo out);

#endif							/* RUSTS_INGEST_INFLUXQL_H */
