/*
 * ingest_answer.h
 *	  Answers to writes, as InfluxDB's clients expect them.
 */
#ifndef RUSTS_INGEST_ANSWER_H
#define RUSTS_INGEST_ANSWER_H

#include "ingest/ingest_pass.h"
#include "ingest/ingest_request.h"

/* Set a request's answer: its lines are stored, or were dropped. */
extern void ingest_answer_outcome(WriteRequest *request,
								 const Outcome *outcome);
/* Nothing is stored, because of an error of the server. */
extern void ingest_answer_error(WriteRequest *request, int sqlstate,
							   const char *message);

#endif							/* RUSTS_INGEST_ANSWER_H */
