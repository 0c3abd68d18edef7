/*
 * hooks.c
 *	  Where the server calls the library: one hook of each kind.
 *
 * A hook is a chain: whoever installs one calls the one that was there before,
 * and what happens in which order follows from who was loaded when.  Within
 * the library nothing is left to that.  Each kind of hook is installed once,
 * here, and says which modules it calls, in which order, and where among them
 * the rest of the chain ("next": other extensions that were loaded before us,
 * and the server's own function where there is one) has its turn.
 *
 * As a rule it has it first: ours add to, or take away from, what the server
 * and others have come up with.  Where it does not, the hook says why.  Modules
 * know of no chain.  Two of them work around what comes next (planner, utility
 * statements) and are given it; they restore their state also when it fails.
 *
 * Callbacks at the end of transactions are no hooks: they are lists, whose
 * entries say nothing to each other.
 */
#include "postgres.h"

#include "catalog/objectaccess.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "storage/ipc.h"
#include "tcop/utility.h"
#include "utils/selfuncs.h"

#include "agg/aggupper.h"
#include "hooks.h"
#include "ingest/ingest_share.h"
#include "jobs/dbguard.h"
#include "jobs/jobslot.h"
#include "option/ddlframe.h"
#include "option/utility.h"
#include "resident/residentcount.h"
#include "scan/scandelete.h"
#include "scan/scanpath.h"
#include "scan/workerstats.h"
#include "table/column_stats.h"
#include "table/planner.h"
#include "write/bulk.h"
#include "write/hotstats.h"

static shmem_request_hook_type next_shmem_request = NULL;
static shmem_startup_hook_type next_shmem_startup = NULL;
static get_relation_info_hook_type next_relation_info = NULL;
static get_relation_stats_hook_type next_relation_stats = NULL;
static planner_hook_type next_planner = NULL;
static set_rel_pathlist_hook_type next_pathlist = NULL;
static create_upper_paths_hook_type next_upper_paths = NULL;
static ExecutorStart_hook_type next_executor_start = NULL;
static ExecutorFinish_hook_type next_executor_finish = NULL;
static ProcessUtility_hook_type next_utility = NULL;
static object_access_hook_type next_object_access = NULL;

/* ---------- shared memory ---------- */

/*
 * Any order would do, as long as it is the same in both: pieces are found by
 * name.  Lower layers come first.
 */
static void
hooks_shmem_request(void)
{
	if (next_shmem_request)
		next_shmem_request();
	residentcount_shmem_request();
	workerstats_shmem_request();
	hotstats_shmem_request();
	jobslot_shmem_request();
	ingest_share_shmem_request();
}

static void
hooks_shmem_startup(void)
{
	if (next_shmem_startup)
		next_shmem_startup();
	residentcount_shmem_startup();
	workerstats_shmem_startup();
	hotstats_shmem_startup();
	jobslot_shmem_startup();
	ingest_share_shmem_startup();
}

/* ---------- planner ---------- */

/* Others may bring indexes of their own, real or imagined: judge them all. */
static void
hooks_relation_info(PlannerInfo *root, Oid relid, bool inhparent,
					RelOptInfo *rel)
{
	if (next_relation_info)
		next_relation_info(root, relid, inhparent, rel);
	planner_relation_info(root, relid, rel);
}

/* Ours stand in for statistics that nobody has, so anybody's come first. */
static bool
hooks_relation_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
					 VariableStatData *data)
{
	if (next_relation_stats && next_relation_stats(root, rte, attnum, data))
		return true;
	return column_stats_get(rte, attnum, data);
}

/* Around the rest: what scanpath_add wants to know must be set by then. */
static PlannedStmt *
hooks_planner(Query *parse, const char *query_string, int options,
			  ParamListInfo params)
{
	return scanpath_planner(parse, query_string, options, params,
							next_planner ? next_planner : standard_planner);
}

/* Ours compete with, and re-cost, paths that are there. */
static void
hooks_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti,
			   RangeTblEntry *rte)
{
	if (next_pathlist)
		next_pathlist(root, rel, rti, rte);
	scanpath_add(root, rel);
}

static void
hooks_upper_paths(PlannerInfo *root, UpperRelationKind stage,
				  RelOptInfo *input, RelOptInfo *output, void *extra)
{
	if (next_upper_paths)
		next_upper_paths(root, stage, input, output, extra);
	aggupper_paths(root, stage, input, output, extra);
}

/* ---------- executor ---------- */

/*
 * All need what the server makes of the plan: its nodes, its command number.
 * The planner's part may refuse to run the plan, so it comes first: nothing is
 * then registered for a command that never ran.
 */
static void
hooks_executor_start(QueryDesc *query, int eflags)
{
	if (next_executor_start)
		next_executor_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	planner_executor_start(query, eflags);
	bulk_executor_start(query, eflags);
	scandelete_executor_start(query, eflags);
}

/*
 * Before the rest: the server fires AFTER STATEMENT triggers there, which may
 * look at the table.
 */
static void
hooks_executor_finish(QueryDesc *query)
{
	bulk_executor_finish(query);
	if (next_executor_finish)
		next_executor_finish(query);
	else
		standard_ExecutorFinish(query);
}

/* ---------- utility statements ---------- */

/*
 * First of all whoever stands in a statement's way is sent away: that may take
 * seconds, in which nothing is under way yet that an interrupt would have to
 * undo.  Parameters are taken out before the rest has its turn, because the
 * server would refuse them; others see the statement as the server does.
 */
static void
hooks_utility(PlannedStmt *pstmt, const char *query_string,
			  bool read_only_tree, ProcessUtilityContext context,
			  ParamListInfo params, QueryEnvironment *query_env,
			  DestReceiver *dest, QueryCompletion *qc)
{
	UtilityCall call = {
		pstmt, query_string, read_only_tree, context, params, query_env, dest,
		qc, next_utility ? next_utility : standard_ProcessUtility
	};

	dbguard_clear(pstmt->utilityStmt);
	utility_process(&call);
}

/*
 * Ours may write pg_class and count up the command; others see the object as
 * the server reports it.
 */
static void
hooks_object_access(ObjectAccessType access, Oid class_id, Oid object_id,
					int sub_id, void *arg)
{
	if (next_object_access)
		next_object_access(access, class_id, object_id, sub_id, arg);
	ddlframe_object_access(access, class_id, object_id, sub_id);
}

/* ---------- installation ---------- */

/* Loaded on demand, the library has no shared memory to ask for. */
static void
hooks_init_shmem(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	next_shmem_request = shmem_request_hook;
	shmem_request_hook = hooks_shmem_request;
	next_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = hooks_shmem_startup;
}

static void
hooks_init_planner(void)
{
	next_relation_info = get_relation_info_hook;
	get_relation_info_hook = hooks_relation_info;
	next_relation_stats = get_relation_stats_hook;
	get_relation_stats_hook = hooks_relation_stats;
	next_planner = planner_hook;
	planner_hook = hooks_planner;
	next_pathlist = set_rel_pathlist_hook;
	set_rel_pathlist_hook = hooks_pathlist;
	next_upper_paths = create_upper_paths_hook;
	create_upper_paths_hook = hooks_upper_paths;
}

static void
hooks_init_execution(void)
{
	next_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = hooks_executor_start;
	next_executor_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = hooks_executor_finish;
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = hooks_utility;
	next_object_access = object_access_hook;
	object_access_hook = hooks_object_access;
}

void
hooks_init(void)
{
	hooks_init_shmem();
	hooks_init_planner();
	hooks_init_execution();
}
