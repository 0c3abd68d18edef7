/*
 * ingest_points.h
 *	  Lines become rows of tables.
 */
#ifndef RUSTS_INGEST_POINTS_H
#define RUSTS_INGEST_POINTS_H

#include "ingest/ingest_pass.h"

/* Once in the life of a worker. */
extern void ingest_points_init(void);

/*
 * In a transaction, as the group's role.  Insert what the pass's requests bring
 * and set their outcomes.  Afterwards either all rows are there, or busy or
 * incomplete is set and the transaction is of no use.  Raises errors unless the
 * pass is careful, and even then those that are not about a line.
 */
extern void ingest_points_write(Pass *pass);

#endif							/* RUSTS_INGEST_POINTS_H */
