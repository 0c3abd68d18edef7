/*
 * ingest_value.h
 *	  Values of tags and fields as values of columns.
 */
#ifndef RUSTS_INGEST_VALUE_H
#define RUSTS_INGEST_VALUE_H

#include "ingest/ingest_stage.h"

typedef enum ValueVerdict
{
	VALUE_FITS,
	VALUE_CONFLICT,				/* another type */
	VALUE_OUT_OF_RANGE
} ValueVerdict;

/* Memory is the stage's. */
extern ValueVerdict ingest_value_field(Stage *stage, AttrNumber attnum,
									   const WireField *field, Datum *value);
extern ValueVerdict ingest_value_tag(Stage *stage, AttrNumber attnum,
									 WireText text, Datum *value);

/*
 * Nanoseconds since 1970 as a value of the table's time column, rounded down;
 * *rounded says whether that changed it.
 */
extern Datum ingest_value_time(const Target *target, int64 time,
							   bool *rounded);

/* As InfluxDB calls them: float, integer, unsigned, boolean, string. */
extern const char *ingest_value_wire_type(WireType type);
/* What a column is to line protocol, in the same words where there are some. */
extern const char *ingest_value_column_type(const Target *target,
											AttrNumber attnum);

#endif							/* RUSTS_INGEST_VALUE_H */
