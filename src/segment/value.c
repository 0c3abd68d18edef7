/*
 * value.c
 *	  Column classes: how a PostgreSQL type is kept in a segment.
 *
 * Types passed by value become int64 (the Datum, sign-extended) or keep
 * their float bits; everything else is a byte string: the whole value for
 * fixed-length types, the detoasted payload without header for varlena.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "segment/value.h"

StaticAssertDecl(sizeof(Datum) == 8, "rusts needs 64-bit Datums");

struct ValueOrder
{
	int16		typlen;
	bool		byval;
	Oid			collation;
	FmgrInfo   *compare;		/* NULL: bytes */
};

ValueType
value_type(Form_pg_attribute attribute)
{
	ValueType	type;

	type.typid = getBaseType(attribute->atttypid);
	type.typlen = attribute->attlen;
	type.byval = attribute->attbyval;
	type.ordered = false;
	type.summable = false;
	switch (type.typid)
	{
		case FLOAT8OID:
			type.kind = VALUE_FLOAT8;
			break;
		case FLOAT4OID:
			type.kind = VALUE_FLOAT4;
			break;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			type.kind = VALUE_INT;
			type.ordered = type.summable = true;
			break;
		case BOOLOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case CASHOID:
			type.kind = VALUE_INT;
			type.ordered = true;
			break;
		default:
			type.kind = type.byval ? VALUE_INT : VALUE_BYTES;
			break;
	}
	if (type.typlen == -2)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" has a type that segments cannot hold",
						NameStr(attribute->attname))));
	return type;
}

ValueOrder *
value_order_create(Form_pg_attribute attribute)
{
	ValueOrder *order = palloc0(sizeof(ValueOrder));
	TypeCacheEntry *entry;

	order->typlen = attribute->attlen;
	order->byval = attribute->attbyval;
	order->collation = attribute->attcollation;
	entry = lookup_type_cache(getBaseType(attribute->atttypid),
							  TYPECACHE_CMP_PROC_FINFO);
	if (OidIsValid(entry->cmp_proc_finfo.fn_oid))
		order->compare = &entry->cmp_proc_finfo;
	return order;
}

bool
value_order_is_sql(const ValueOrder *order)
{
	return order->compare != NULL;
}

static int
value_compare_bytes(ValueOrder *order, Datum a, Datum b)
{
	uint32		len_a;
	uint32		len_b;
	void	   *copy_a;
	void	   *copy_b;
	const char *bytes_a;
	const char *bytes_b;
	int			result;

	if (order->byval)
		return (int64) a < (int64) b ? -1 : (int64) a > (int64) b;
	bytes_a = value_bytes(a, order->typlen, &len_a, &copy_a);
	bytes_b = value_bytes(b, order->typlen, &len_b, &copy_b);
	result = memcmp(bytes_a, bytes_b, Min(len_a, len_b));
	if (result == 0 && len_a != len_b)
		result = len_a < len_b ? -1 : 1;
	if (copy_a)
		pfree(copy_a);
	if (copy_b)
		pfree(copy_b);
	return result;
}

int
value_order_compare(ValueOrder *order, Datum a, Datum b)
{
	int			result = 0;

	if (order->compare)
		result = DatumGetInt32(FunctionCall2Coll(order->compare,
												 order->collation, a, b));
	if (result == 0)
		result = value_compare_bytes(order, a, b);
	return result;
}

const char *
value_detoasted_bytes(Datum value, uint32 *len, void **copy)
{
	struct varlena *plain;

	plain = pg_detoast_datum_packed((struct varlena *) DatumGetPointer(value));
	*copy = plain;
	*len = VARSIZE_ANY_EXHDR(plain);
	return VARDATA_ANY(plain);
}

Size
value_datum_size(int16 typlen, uint32 len)
{
	return MAXALIGN(typlen > 0 ? len : len + VARHDRSZ);
}

Datum
value_make_datum(int16 typlen, const char *bytes, uint32 len, char *space)
{
	if (typlen > 0)
		memcpy(space, bytes, len);
	else
	{
		SET_VARSIZE(space, len + VARHDRSZ);
		memcpy(VARDATA(space), bytes, len);
	}
	return PointerGetDatum(space);
}
