/*
 * value.h
 *	  Column classes: how a PostgreSQL type is kept in a segment.
 */
#ifndef RUSTS_VALUE_H
#define RUSTS_VALUE_H

#include "access/tupdesc.h"

/* On disk (format 5.1): never renumber. */
typedef enum ValueClass
{
	VALUE_INT = 1,				/* passed by value: int64 */
	VALUE_FLOAT8 = 2,
	VALUE_FLOAT4 = 3,
	VALUE_BYTES = 4				/* passed by reference: a byte string */
} ValueClass;

/* What a column's type allows. */
typedef struct ValueType
{
	Oid			typid;			/* base type */
	int16		typlen;
	bool		byval;
	ValueClass	kind;
	bool		ordered;		/* int64 order is the type's order */
	bool		summable;		/* sum of int64 is the type's sum */
} ValueType;

extern ValueType value_type(Form_pg_attribute attribute);

/*
 * Order two Datums as the column's default btree operator class does, with
 * bytes as the tie-break; plain byte order for types without one.
 */
typedef struct ValueOrder ValueOrder;
extern ValueOrder *value_order_create(Form_pg_attribute attribute);
extern bool value_order_is_sql(const ValueOrder *order);
extern int	value_order_compare(ValueOrder *order, Datum a, Datum b);

/*
 * A by-value Datum as fetch_att would give it: sign-extended.  Functions may
 * leave rubbish above the type's width.
 */
static inline Datum
value_normalize(Datum value, int16 typlen)
{
	switch (typlen)
	{
		case 1:
			return (Datum) (int64) (int8) value;
		case 2:
			return (Datum) (int64) (int16) value;
		case 4:
			return (Datum) (int64) (int32) value;
		default:
			return value;
	}
}

/* Bytes of a by-reference Datum, detoasted; *copy is to be pfree'd or NULL. */
extern const char *value_detoasted_bytes(Datum value, uint32 *len,
										 void **copy);

static inline const char *
value_bytes(Datum value, int16 typlen, uint32 *len, void **copy)
{
	struct varlena *plain = (struct varlena *) DatumGetPointer(value);

	*copy = NULL;
	if (typlen > 0)
	{
		*len = typlen;
		return (const char *) plain;
	}
	if (VARATT_IS_COMPRESSED(plain) || VARATT_IS_EXTERNAL(plain))
		return value_detoasted_bytes(value, len, copy);
	*len = VARSIZE_ANY_EXHDR(plain);
	return VARDATA_ANY(plain);
}

/* The space that a by-reference Datum takes; making one there from bytes. */
extern Size value_datum_size(int16 typlen, uint32 len);
extern Datum value_make_datum(int16 typlen, const char *bytes, uint32 len,
							  char *space);

#endif							/* RUSTS_VALUE_H */
