/*
 * shape.c
 *	  Small questions about the planner's expressions.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "vexpr/shape.h"

Node *
shape_strip(Node *node)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

bool
shape_is_time(Oid type)
{
	return type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
}

int
shape_array(Datum array, Datum **elements, bool **nulls, Oid *type)
{
	ArrayType  *value = DatumGetArrayTypeP(array);
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			n;

	*type = ARR_ELEMTYPE(value);
	get_typlenbyvalalign(*type, &typlen, &typbyval, &typalign);
	deconstruct_array(value, *type, typlen, typbyval, typalign, elements, nulls,
					  &n);
	return n;
}
