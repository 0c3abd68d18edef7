/*
 * aggcost.c
 *	  What groups take in memory, and what it costs when they do not fit.
 *
 * A state is small and of fixed size, or it grows with the rows of its group,
 * as those of type internal do for which the catalog names no size (array_agg,
 * string_agg, json_agg, percentile).  PostgreSQL assumes 8 kB for each of
 * these, which is far too much for many small groups and far too little for a
 * few large ones.
 *
 * When states can be combined, groups go to disk.  Otherwise rows do: those of
 * groups that are not at hand when memory is full (aggfill.c).  How many
 * groups are at hand depends on when that is: rows of all groups come mixed,
 * so after a share p of the rows a group of n rows has been seen with a
 * probability of 1 - (1 - p)^n.
 *
 * Values of count(DISTINCT) are left out, as PostgreSQL leaves out its sort of
 * them.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "agg/aggcost.h"
#include "agg/aggfunc.h"
#include "agg/agggroups.h"
#include "agg/aggresult.h"
#include "agg/aggspill.h"

/* A group without states: its keys, its place in tables, room to grow. */
#define GROUP_BYTES 64
/* A state in arrays. */
#define STATE_BYTES 16
/* One that grows, before it does: array_agg 200, string_agg 1,100. */
#define GROWING_BYTES ALLOCSET_SMALL_INITSIZE
/* What memory management adds to an allocation, and to a row on disk. */
#define CHUNK_BYTES 16

/* What the memory of a group is made of. */
typedef struct GroupSize
{
	double		fixed;
	double		per_row;
	bool		combine;		/* all states can be combined */
} GroupSize;

static double
args_width(const Aggref *aggref)
{
	double		width = 0;
	ListCell   *cell;

	foreach(cell, aggref->args)
	{
		Node	   *arg = (Node *) lfirst_node(TargetEntry, cell)->expr;

		if (!IsA(arg, Const))
			width += get_typavgwidth(exprType(arg), exprTypmod(arg));
	}
	return width;
}

/* The state of a transition function. */
static void
add_generic(GroupSize *size, const Aggref *aggref)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID,
										ObjectIdGetDatum(aggref->aggfnoid));
	Form_pg_aggregate form;
	Oid			type = aggref->aggtranstype;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	if (form->aggtransspace > 0)
		size->fixed += form->aggtransspace + CHUNK_BYTES;
	else if (type == INTERNALOID || form->aggtransfn == F_ARRAY_APPEND)
	{
		size->fixed += GROWING_BYTES;
		size->per_row += args_width(aggref);
	}
	else if (OidIsValid(type) && !get_typbyval(type))
		size->fixed += get_typavgwidth(type, -1) + CHUNK_BYTES;
	ReleaseSysCache(tuple);
}

static GroupSize
group_size(const AggCost *cost)
{
	GroupSize	size = {GROUP_BYTES + cost->width, 0, true};
	ListCell   *cell;

	foreach(cell, cost->aggrefs)
	{
		Aggref	   *aggref = lfirst_node(Aggref, cell);
		bool		native;

		(void) aggfunc_supported(aggref, &native);
		size.fixed += STATE_BYTES;
		if (!native)
			add_generic(&size, aggref);
		size.combine &= aggresult_can_combine(aggref);
	}
	return size;
}

static double
groups_bytes(const AggCost *cost, const GroupSize *size)
{
	return cost->groups * size->fixed + cost->rows * size->per_row;
}

bool
aggcost_fits(const AggCost *cost)
{
	GroupSize	size = group_size(cost);

	return groups_bytes(cost, &size) <= agggroups_memory_limit();
}

/* The share of groups that a share of the rows belongs to. */
static double
groups_seen(const AggCost *cost, double share)
{
	return 1 - pow(1 - share, Max(cost->rows / cost->groups, 1));
}

/* The share of the rows that finds no group at hand, nor memory for one. */
static double
share_put_off(const AggCost *cost, const GroupSize *size)
{
	double		limit = agggroups_memory_limit();
	double		low = 0;
	double		high = 1;
	int			i;

	/* the share after which memory is full */
	for (i = 0; i < 20; i++)
	{
		double		share = (low + high) / 2;

		if (groups_seen(cost, share) * cost->groups * size->fixed +
			share * cost->rows * size->per_row > limit)
			high = share;
		else
			low = share;
	}
	return (1 - high) * (1 - groups_seen(cost, high));
}

Cost
aggcost_disk(const AggCost *cost)
{
	GroupSize	size = group_size(cost);
	double		limit = agggroups_memory_limit();
	double		bytes = groups_bytes(cost, &size);
	double		records = cost->groups;
	double		width = size.fixed;
	double		times = 1;

	if (bytes <= limit)
		return 0;
	if (!size.combine)
	{
		records = cost->rows * share_put_off(cost, &size);
		width = cost->row_width + CHUNK_BYTES;
		times = ceil(log(bytes / limit) / log(aggspill_parts(limit)));
	}
	return times * records * (2 * width / BLCKSZ * seq_page_cost +
							  2 * cpu_tuple_cost);
}
