/*
 * aggteam.c
 *	  Resident workers take part in an aggregation.
 *
 * The session's node stays what it is: it reads the table, puts rows into
 * groups, emits them.  But it shares the scan, as participants of a parallel
 * scan do (blockshare.c), with workers that run the same two plan nodes.
 * These send their groups after each piece of the table, as bytes, and the
 * session combines them with its own in between.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "tcop/dest.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "agg/aggnode.h"
#include "agg/aggread.h"
#include "agg/aggresult.h"
#include "agg/aggstream.h"
#include "agg/aggteam.h"
#include "block/blockshare.h"
#include "compat/sentplan.h"
#include "option/settings.h"
#include "resident/residentwork.h"

/*
 * A message holds so many groups: their number, the worker's, below which row
 * it has nothing left, the groups' keys, and their states by aggregate.
 */
#define MESSAGE_GROUPS 128
/* A worker that has so many after a block sends them: as the queue has room. */
#define EARLY_GROUPS (2 * MESSAGE_GROUPS)

StaticAssertDecl(sizeof(BlockScanShared) <= RESIDENT_AREA_BYTES,
				 "the area has no room for a parallel scan");

/* ---------- the plan that is sent ---------- */

/* An expression over the scanned table, which is the only one there. */
static List *
sent_expressions(const List *exprs, Index scanned)
{
	List	   *sent = copyObject((List *) exprs);

	ChangeVarNodes((Node *) sent, scanned, 1, 0);
	return sent;
}

static Plan *
sent_scan(const CustomScan *scan)
{
	CustomScan *sent = makeNode(CustomScan);

	*sent = *scan;
	sent->scan.plan.targetlist = NIL;
	sent->scan.scanrelid = 1;
	sent->custom_exprs = sent_expressions(scan->custom_exprs,
										  scan->scan.scanrelid);
	sent->custom_relids = bms_make_singleton(1);
	return &sent->scan.plan;
}

static RangeTblEntry *
sent_table(const RangeTblEntry *rte)
{
	RangeTblEntry *sent = makeNode(RangeTblEntry);

	*sent = *rte;
	sent->alias = sent->eref = NULL;
	sent->securityQuals = NIL;
	/* the session has checked them */
	compat_forget_entry_permissions(sent);
	return sent;
}

/* The session's two nodes as a statement of its own that yields states. */
static void
send_plan(const AggFill *fill, StringInfo work)
{
	const CustomScan *plan = fill->plan;
	const CustomScan *scan = (CustomScan *) fill->child->plan;
	const EState *estate = fill->child->state;
	CustomScan *partial = makeNode(CustomScan);
	PlannedStmt *stmt = makeNode(PlannedStmt);

	*partial = *plan;
	partial->scan.plan.targetlist = NIL;
	partial->scan.plan.qual = NIL;
	partial->scan.plan.initPlan = NIL;
	partial->custom_plans = list_make1(sent_scan(scan));
	partial->custom_exprs = NIL;
	partial->custom_scan_tlist = sent_expressions(plan->custom_scan_tlist,
												  scan->scan.scanrelid);
	partial->custom_relids = bms_make_singleton(1);
	partial->custom_private = list_make5(makeInteger(AGGNODE_PARTIAL),
										 list_nth(plan->custom_private,
												  AGG_PRIVATE_EQS),
										 NIL, NIL, makeInteger(0));
	partial->custom_private = lappend(partial->custom_private,
									  list_nth(plan->custom_private,
											   AGG_PRIVATE_STREAM));

	stmt->commandType = CMD_SELECT;
	stmt->queryId = estate->es_plannedstmt->queryId;
	stmt->planTree = (Plan *) partial;
	stmt->rtable = list_make1(sent_table(exec_rt_fetch(scan->scan.scanrelid,
													   (EState *) estate)));
	compat_forget_permissions(stmt);
	compat_prune_nothing(stmt, 1);
	stmt->parallelModeNeeded = true;
	work->data = nodeToString(stmt);
	work->len = strlen(work->data);
}

static bool
uses_external_parameter(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXTERN;
	return expression_tree_walker(node, uses_external_parameter, context);
}

static ParamListInfo
sent_parameters(const AggFill *fill)
{
	CustomScan *scan = (CustomScan *) fill->child->plan;

	if (uses_external_parameter((Node *) fill->plan->custom_scan_tlist, NULL) ||
		uses_external_parameter((Node *) scan->custom_exprs, NULL))
		return fill->child->state->es_param_list_info;
	return NULL;
}

/* ---------- in the session ---------- */

/* Rescans may be many: nothing is allocated for each of them. */
static void
prepare_memory(AggFill *fill)
{
	Size		size = RESIDENT_MAX * sizeof(uint64);

	MemoryContextReset(fill->row_memory);
	if (fill->floors == NULL)
	{
		fill->floors = MemoryContextAlloc(fill->query_memory, size);
		fill->rest = MemoryContextAlloc(fill->query_memory,
										sizeof(BlockScanShared));
	}
	memset(fill->floors, 0, size);
}

void
aggteam_begin(AggFill *fill)
{
	EState	   *estate = fill->child->state;
	void	   *area;
	StringInfoData work = {0};
	MemoryContext old;

	fill->in_team = false;
	if (fill->workers == 0 || !settings_enable_resident_workers ||
		!IsMVCCSnapshot(estate->es_snapshot))
		return;
	area = resident_area(fill->workers);
	if (area == NULL)
		return;
	prepare_memory(fill);
	old = MemoryContextSwitchTo(fill->row_memory);
	blockshare_init(area, fill->scan->css.ss.ss_currentRelation,
					fill->workers + 1);
	send_plan(fill, &work);
	fill->in_team = resident_post(&work, estate->es_snapshot,
								  sent_parameters(fill), fill->workers);
	MemoryContextSwitchTo(old);
	if (!fill->in_team)
		return;
	scannode_share(fill->scan, area);
	/* as a Gather does: leave it all to the workers, but not to nobody */
	fill->table_done = !parallel_leader_participation && resident_wait();
	/* who reads nothing has to know the segments too, to tell what is complete */
	if (fill->table_done)
		(void) aggread_begin_scan(fill);
}

static void
combine_message(AggFill *fill, StringInfo message)
{
	uint32		groups[MESSAGE_GROUPS];
	uint32		n = pq_getmsgint(message, sizeof(n));
	int			worker = pq_getmsgint(message, sizeof(worker));
	uint64		floor = pq_getmsgint64(message);
	uint32		i;

	aggkeys_begin_restore(fill->keys);
	for (i = 0; i < n; i++)
		groups[i] = aggkeys_restore(fill->keys, message);
	aggread_combine(fill, groups, n, message);
	fill->floors[worker] = Max(fill->floors[worker], floor);
}

static void
take_message(AggFill *fill, StringInfo message)
{
	MemoryContext old = MemoryContextSwitchTo(fill->row_memory);

	MemoryContextReset(fill->row_memory);
	combine_message(fill, message);
	MemoryContextSwitchTo(old);
}

void
aggteam_poll(AggFill *fill)
{
	StringInfoData message;

	if (!aggread_is_full(fill) && resident_poll(&message))
		take_message(fill, &message);
}

/*
 * With as many groups as rows a block of each worker takes so many messages: who
 * takes fewer lets them wait, and the rows that they have claimed hold up the
 * groups of everybody.
 */
void
aggteam_poll_block(AggFill *fill)
{
	int			n = fill->workers * (BATCH_ROWS / MESSAGE_GROUPS);
	StringInfoData message;

	while (n-- > 0 && !aggread_is_full(fill) && resident_poll(&message))
		take_message(fill, &message);
}

/* Have all who took the job sent the last of their groups? */
static bool
everything_is_here(const AggFill *fill)
{
	int			i;

	for (i = 0; i < RESIDENT_MAX; i++)
		if (resident_is_at_work(i) && fill->floors[i] != PG_UINT64_MAX)
			return false;
	return true;
}

/* They are all done. */
static void
dissolve(AggFill *fill)
{
	BlockScan  *scan = scannode_scan(fill->scan);

	fill->in_team = false;
	fill->taken = Max(fill->taken, resident_taken());
	blockshare_count_bytes(scan);
	blockshare_take(scan);
}

bool
aggteam_read(AggFill *fill)
{
	StringInfoData message;

	if (!fill->table_done && !aggread_table(fill))
		return false;
	fill->table_done = true;
	while (resident_receive(&message))
	{
		CHECK_FOR_INTERRUPTS();
		take_message(fill, &message);
		if (aggread_is_full(fill) || aggstream_look(fill))
			return false;
		/* how they end is asked when there are no more rows to emit */
		if (fill->stream.attno > 0 && everything_is_here(fill))
			return true;
	}
	dissolve(fill);
	scannode_share(fill->scan, NULL);
	return true;
}

/* Groups that come now are kept even where memory has run out. */
void
aggteam_leave(AggFill *fill)
{
	BlockScanShared *shared = fill->scan->scan->shared;
	uint64		row = blockshare_close(shared);
	StringInfoData message;

	while (resident_receive(&message))
	{
		CHECK_FOR_INTERRUPTS();
		take_message(fill, &message);
	}
	dissolve(fill);
	fill->table_done = false;
	blockshare_go_on(fill->scan->scan, row, fill->rest);
}

/*
 * The row that nobody has claimed is read before the workers are asked for:
 * what one claims who takes the job after that lies behind it.
 */
uint64
aggteam_floor(const AggFill *fill)
{
	BlockScan  *scan = fill->scan->scan;
	uint64		floor = pg_atomic_read_u64(&scan->shared->next_row);
	int			i;

	pg_read_barrier();
	if (!fill->table_done)
		floor = Min(floor, blockshare_floor(scan, fill->in_segment));
	for (i = 0; fill->in_team && i < RESIDENT_MAX; i++)
		if (resident_is_at_work(i))
			floor = Min(floor, fill->floors[i]);
	return floor;
}

/* ---------- in a worker ---------- */

static void
send_message(AggFill *fill, uint32 first, uint32 n, uint64 floor,
			 shm_mq_handle *queue)
{
	StringInfo	message = &fill->buffer;
	uint32		i;

	CHECK_FOR_INTERRUPTS();
	resetStringInfo(message);
	pq_sendint32(message, n);
	pq_sendint32(message, ParallelWorkerNumber);
	pq_sendint64(message, floor);
	for (i = 0; i < n; i++)
		aggkeys_serialize(fill->keys, first + i, message);
	for (i = 0; i < fill->nfuncs; i++)
		aggresult_serialize(&fill->funcs[i], first, n, message);
	residentwork_send(queue, message);
}

static void
send_groups(AggFill *fill, shm_mq_handle *queue)
{
	uint32		ngroups = aggkeys_ngroups(fill->keys);
	uint64		floor = fill->exhausted ? PG_UINT64_MAX :
	blockshare_floor(fill->scan->scan, fill->in_segment);
	uint32		first = 0;

	for (; ngroups - first > MESSAGE_GROUPS; first += MESSAGE_GROUPS)
		send_message(fill, first, MESSAGE_GROUPS, 0, queue);
	/* with the last of them it is true */
	send_message(fill, first, ngroups - first, floor, queue);
}

void
aggteam_work(void *area, const char *work, ParamListInfo params,
			 shm_mq_handle *queue)
{
	PlannedStmt *stmt = castNode(PlannedStmt, stringToNode(work));
	QueryDesc  *desc = CreateQueryDesc(stmt, "", GetActiveSnapshot(),
									   InvalidSnapshot, None_Receiver, params,
									   NULL, 0);
	AggFill    *fill;

	ExecutorStart(desc, 0);
	fill = aggnode_fill(desc->planstate);
	fill->early_groups = EARLY_GROUPS;
	scannode_share(fill->scan, area);
	while (aggfill_next(fill))
		send_groups(fill, queue);
	blockshare_report(fill->scan->scan);
	ExecutorFinish(desc);
	ExecutorEnd(desc);
	FreeQueryDesc(desc);
}
