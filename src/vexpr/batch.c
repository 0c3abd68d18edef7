/*
 * batch.c
 *	  Rows of a batch, put together from its columns.
 */
#include "postgres.h"

#include "vexpr/batch.h"

void
batch_store_row(Batch *batch, int row, TupleTableSlot *slot,
				const AttrNumber *attnos, int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (batch_is_by_value(batch, attnos[i]))
			batch_fetch_value(batch, row, slot, attnos[i]);
		else
			batch_store_value(batch_column(batch, attnos[i]), row, slot,
							  attnos[i] - 1);
	}
}
