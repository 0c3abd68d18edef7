/*
 * ingest_names.h
 *	  Names of line protocol as names of tables and columns.
 */
#ifndef RUSTS_INGEST_NAMES_H
#define RUSTS_INGEST_NAMES_H

#include "wire/wire.h"

/*
 * The identifier for a measurement, tag key or field key; two that differ have
 * different ones.  out has NAMEDATALEN bytes.  The name is in the server's
 * encoding and without zero bytes.
 */
extern void ingest_names_identifier(WireText name, char *out);

#endif							/* RUSTS_INGEST_NAMES_H */
