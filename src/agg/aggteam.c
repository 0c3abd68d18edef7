/*
 * aggteam.c
 *	  Resident workers take part in an aggregation.
 *
 * The session's node stays what it is: it reads the table, puts rows into
 * groups, emits them.  But it shares the scan, as participants of a parallel
 * scan do (blockshare.c), with workers that run the same two plan nodes.
 * These send their groups after each piece of the table, as bytes, and the
 * session combines them with its own in between.  What such a worker does is
 * in aggwork.c.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "agg/aggprivate.h"
#include "agg/aggteam.h"
#include "block/blockshare.h"
#include "compat/sentplan.h"
#include "option/settings.h"
#include "resident/resident.h"

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
send_plan(const AggTeam *team, StringInfo work)
{
	const PlanState *child = &team->read->scan->css.ss.ps;
	const CustomScan *plan = team->plan;
	const CustomScan *scan = (CustomScan *) child->plan;
	const EState *estate = child->state;
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
sent_parameters(const AggTeam *team)
{
	const PlanState *child = &team->read->scan->css.ss.ps;
	CustomScan *scan = (CustomScan *) child->plan;

	if (uses_external_parameter((Node *) team->plan->custom_scan_tlist, NULL) ||
		uses_external_parameter((Node *) scan->custom_exprs, NULL))
		return child->state->es_param_list_info;
	return NULL;
}

/* ---------- in the session ---------- */

void
aggteam_create(AggTeam *team, AggRead *read, const CustomScan *plan,
			   int workers)
{
	team->read = read;
	team->plan = plan;
	team->workers = workers;
}

static void
combine_message(AggTeam *team, StringInfo message)
{
	AggGroupSet *set = team->read->set;
	uint32		groups[AGGTEAM_GROUPS];
	uint32		n = pq_getmsgint(message, sizeof(n));
	int			worker = pq_getmsgint(message, sizeof(worker));
	uint64		floor = pq_getmsgint64(message);
	uint32		i;

	Assert(n <= AGGTEAM_GROUPS && worker >= 0 && worker < RESIDENT_MAX);
	/* nothing is said of it with any but the last message of some groups */
	Assert(floor == 0 || floor >= team->floors[worker]);
	aggkeys_begin_restore(set->keys);
	for (i = 0; i < n; i++)
		groups[i] = aggkeys_restore(set->keys, message);
	agggroups_combine(set, groups, n, message);
	team->floors[worker] = Max(team->floors[worker], floor);
}

static void
take_message(AggTeam *team, StringInfo message)
{
	MemoryContext row_memory = team->read->set->row_memory;
	MemoryContext old = MemoryContextSwitchTo(row_memory);

	MemoryContextReset(row_memory);
	combine_message(team, message);
	MemoryContextSwitchTo(old);
}

void
aggteam_poll(AggTeam *team)
{
	StringInfoData message;

	if (!agggroups_is_full(team->read->set) && resident_poll(&message))
		take_message(team, &message);
}

/*
 * With as many groups as rows a block of each worker takes so many messages: who
 * takes fewer lets them wait, and the rows that they have claimed hold up the
 * groups of everybody.
 */
static void
poll_block(void *arg)
{
	AggTeam    *team = arg;
	int			n = team->workers * (BATCH_ROWS / AGGTEAM_GROUPS);
	StringInfoData message;

	while (n-- > 0 && !agggroups_is_full(team->read->set) &&
		   resident_poll(&message))
		take_message(team, &message);
}

/* Rescans may be many: nothing is allocated for each of them. */
static void
prepare_memory(AggTeam *team)
{
	const AggGroupSet *set = team->read->set;
	Size		size = RESIDENT_MAX * sizeof(uint64);

	MemoryContextReset(set->row_memory);
	if (team->floors == NULL)
	{
		team->floors = MemoryContextAlloc(set->query_memory, size);
		team->rest = MemoryContextAlloc(set->query_memory,
										sizeof(BlockScanShared));
	}
	memset(team->floors, 0, size);
}

void
aggteam_begin(AggTeam *team)
{
	MemoryContext row_memory = team->read->set->row_memory;
	EState	   *estate;
	void	   *area;
	StringInfoData work = {0};
	MemoryContext old;

	Assert(!team->active);
	if (team->workers == 0 || !settings_enable_resident_workers)
		return;
	estate = team->read->scan->css.ss.ps.state;
	if (!IsMVCCSnapshot(estate->es_snapshot))
		return;
	area = resident_area(team->workers);
	if (area == NULL)
		return;
	prepare_memory(team);
	old = MemoryContextSwitchTo(row_memory);
	blockshare_init(area, team->read->scan->css.ss.ss_currentRelation,
					team->workers + 1);
	send_plan(team, &work);
	team->active = resident_post(&work, estate->es_snapshot,
								 sent_parameters(team), team->workers);
	MemoryContextSwitchTo(old);
	if (!team->active)
		return;
	aggread_set_poll(team->read, poll_block, team);
	scannode_share(team->read->scan, area);
	/* as a Gather does: leave it all to the workers, but not to nobody */
	team->table_done = !parallel_leader_participation && resident_wait();
	/* who reads nothing has to know the segments too, to tell what is complete */
	if (team->table_done)
		(void) aggread_begin_scan(team->read);
}

/* Have all who took the job sent the last of their groups? */
static bool
everything_is_here(const AggTeam *team)
{
	int			i;

	for (i = 0; i < RESIDENT_MAX; i++)
		if (resident_is_at_work(i) && team->floors[i] != PG_UINT64_MAX)
			return false;
	return true;
}

/* They are all done. */
static void
dissolve(AggTeam *team)
{
	BlockScan  *scan = scannode_scan(team->read->scan);

	team->active = false;
	aggread_set_poll(team->read, NULL, NULL);
	team->taken = Max(team->taken, resident_taken());
	blockshare_count_bytes(scan);
	blockshare_take(scan);
}

bool
aggteam_read(AggTeam *team)
{
	StringInfoData message;

	Assert(team->active);
	if (!team->table_done && !aggread_table(team->read))
		return false;
	team->table_done = true;
	while (resident_receive(&message))
	{
		CHECK_FOR_INTERRUPTS();
		take_message(team, &message);
		if (agggroups_is_full(team->read->set) || aggread_look(team->read))
			return false;
		/* how they end is asked when there are no more rows to emit */
		if (team->read->look != NULL && everything_is_here(team))
			return true;
	}
	dissolve(team);
	scannode_share(team->read->scan, NULL);
	return true;
}

/* Groups that come now are kept even where memory has run out. */
void
aggteam_leave(AggTeam *team)
{
	BlockScanShared *shared = team->read->scan->scan->shared;
	uint64		row = blockshare_close(shared);
	StringInfoData message;

	while (resident_receive(&message))
	{
		CHECK_FOR_INTERRUPTS();
		take_message(team, &message);
	}
	dissolve(team);
	team->table_done = false;
	blockshare_go_on(team->read->scan->scan, row, team->rest);
}

void
aggteam_rescan(AggTeam *team)
{
	if (team->active)
		aggteam_leave(team);
	if (team->workers > 0)
		scannode_share(team->read->scan, NULL);
}

/*
 * The row that nobody has claimed is read before the workers are asked for:
 * what one claims who takes the job after that lies behind it.
 */
uint64
aggteam_floor(const AggTeam *team)
{
	BlockScan  *scan = team->read->scan->scan;
	uint64		floor = pg_atomic_read_u64(&scan->shared->next_row);
	int			i;

	pg_read_barrier();
	if (!team->table_done)
		floor = Min(floor, blockshare_floor(scan, team->read->in_segment));
	for (i = 0; team->active && i < RESIDENT_MAX; i++)
		if (resident_is_at_work(i))
			floor = Min(floor, team->floors[i]);
	return floor;
}
