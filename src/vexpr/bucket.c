/*
 * bucket.c
 *	  Time buckets of a column.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "vexpr/bucket.h"
#include "vexpr/cfunction.h"
#include "vexpr/shape.h"
#include "vexpr/vexpr_step.h"
#include "vexpr/vexpr_time.h"

/* Is an interval known to have no months or, alternatively, nothing else? */
static bool
is_without_months(Node *interval, bool or_without_days)
{
	const Const *constant = (Const *) interval;
	const Interval *value;

	if (!IsA(interval, Const) || constant->consttype != INTERVALOID)
		return false;
	if (constant->constisnull)
		return true;
	value = DatumGetIntervalP(constant->constvalue);
	return value->month == 0 ||
		(or_without_days && value->day == 0 && value->time == 0);
}

/*
 * What months are added to may be another day when they are taken away again, so
 * that buckets of months that an offset moves can begin after what is in them.
 * Not so where all begin on the first day of a month, which is the default; and
 * buckets of days are moved all at once.
 */
static bool
offset_is_harmless(List *args)
{
	Node	   *offset = NULL;
	bool		has_origin = false;
	int			i;

	for (i = 2; i < list_length(args); i++)
	{
		Node	   *arg = list_nth(args, i);

		if (exprType(arg) == INTERVALOID)
			offset = arg;
		else if (exprType(arg) != TEXTOID &&
				 !(IsA(arg, Const) && ((Const *) arg)->constisnull))
			has_origin = true;
	}
	return offset == NULL || is_without_months(linitial(args), false) ||
		is_without_months(offset, !has_origin);
}

bool
bucket_column(Node *node, AttrNumber *attno, bool *zoned)
{
	StepShape	shape;
	Node	   *arg;
	Oid			function;

	if (!IsA(node, FuncExpr))
		return false;
	function = ((FuncExpr *) node)->funcid;
	if (list_length(((FuncExpr *) node)->args) < 2)
		return false;
	arg = shape_strip(lsecond(((FuncExpr *) node)->args));
	if (!IsA(arg, Var) || ((Var *) arg)->varattno <= 0 ||
		((Var *) arg)->vartype != exprType(node) ||
		contain_var_clause(linitial(((FuncExpr *) node)->args)))
		return false;
	*attno = ((Var *) arg)->varattno;
	if (!vexpr_time_find(node, &shape))
		return false;
	*zoned = shape.zoned;
	if (cfunction_has_prefix(function, "rusts_time_bucket_"))
		return offset_is_harmless(((FuncExpr *) node)->args);
	return function == F_DATE_TRUNC_TEXT_TIMESTAMPTZ ||
		function == F_DATE_TRUNC_TEXT_TIMESTAMP ||
		function == F_DATE_BIN_INTERVAL_TIMESTAMP_TIMESTAMP ||
		function == F_DATE_BIN_INTERVAL_TIMESTAMPTZ_TIMESTAMPTZ;
}
