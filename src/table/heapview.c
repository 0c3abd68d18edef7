/*
 * heapview.c
 *	  A rusts table as heapam wants to see it.
 *
 * Parts of heapam that are worth having, index builds and the rewrite of a
 * table, insist on a relation whose access method is heap.  They run users'
 * code on the way: index expressions and predicates, comparisons in a sort.
 * Such a function may read the table it is called for (declared IMMUTABLE, it
 * is accepted), through the relcache entry that all share, and must see all
 * rows.  So that entry is left as it is, and heapam gets a copy that names
 * heap's routine.  Exchanging the routine in the entry itself during the call
 * would hide the segments from these functions, and any rebuild of the entry
 * would undo it.
 *
 * What makes a copy safe:
 *
 * - it counts references of its own, from one on, so it is not taken for
 *	 unused; resource owners that hold some after an error drop them before the
 *	 transaction's memory goes;
 * - rd_smgr has one owner at a time, which smgrsetowner sees to: the copy
 *	 begins without one, and gives up the one it has before it goes, in a
 *	 callback of its memory, so also after an error;
 * - it shares the entry's counters, which the entry is made to have first:
 *	 they last until the end of the transaction;
 * - a rebuild of the entry keeps rd_rel where it is, and the descriptor of a
 *	 table that is in use does not change; it does not keep rd_options, which
 *	 are copied, nor what only the planner and writers ask for.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "pgstat.h"
#include "storage/smgr.h"
#include "utils/memutils.h"
#include "utils/relcache.h"

#include "table/heapview.h"

typedef struct HeapView
{
	RelationData relation;		/* must be first */
	MemoryContextCallback gone;
} HeapView;

static void
heapview_gone(void *arg)
{
	HeapView   *view = (HeapView *) arg;

	RelationCloseSmgr(&view->relation);
}

Relation
heapview_open(Relation table)
{
	MemoryContext context = AllocSetContextCreate(TopTransactionContext,
												  "rusts heap view",
												  ALLOCSET_SMALL_SIZES);
	HeapView   *view = MemoryContextAllocZero(context, sizeof(HeapView));
	Relation	relation = &view->relation;

	Assert(!RelationHasReferenceCountZero(table));
	(void) pgstat_should_count_relation(table);
	*relation = *table;
	relation->rd_tableam = GetHeapamTableAmRoutine();
	relation->rd_refcnt = 1;
	relation->rd_smgr = NULL;
	relation->rd_amcache = NULL;
	if (table->rd_options != NULL)
	{
		Size		size = VARSIZE(table->rd_options);

		relation->rd_options = MemoryContextAlloc(context, size);
		memcpy(relation->rd_options, table->rd_options, size);
	}
	view->gone.func = heapview_gone;
	view->gone.arg = view;
	MemoryContextRegisterResetCallback(context, &view->gone);
	return relation;
}

void
heapview_take_scan(Relation view, TableScanDesc heap_scan)
{
	Assert(RelationGetRelid(heap_scan->rs_rd) == RelationGetRelid(view));
	RelationIncrementReferenceCount(view);
	RelationDecrementReferenceCount(heap_scan->rs_rd);
	heap_scan->rs_rd = view;
}

void
heapview_close(Relation view)
{
	Assert(view->rd_refcnt == 1);
	MemoryContextDelete(GetMemoryChunkContext(view));
}
