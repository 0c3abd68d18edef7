/*
 * vexpr_dictionary.c
 *	  Expressions of a single column, once per entry of its dictionary.
 *
 * A column of text, or of any type that kernels do not know, usually comes as
 * codes of a dictionary with few entries.  Then an expression that reads no
 * other column has as few results: each is computed when its code first
 * occurs in a row that matters (errors come from such rows only) and kept as
 * long as the same dictionary is in use.  A boolean becomes a byte per code;
 * other types give a vector with a dictionary of results.
 *
 * Entry number "entries" stands for NULL.
 *
 * Batches without a dictionary, hot rows, go through "plain", the same
 * expression row by row.
 *
 * Text that equals one value, or one of an array, is searched for where the
 * entries are sorted as bytes: then all entries are known after a few
 * comparisons.  A nested loop asks that of every segment for every outer row.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "vexpr/shape.h"
#include "vexpr/vexpr_once.h"

/* State of an entry; the first two are also bits to gather. */
#define ENTRY_YES 1
#define ENTRY_NULL 2
#define ENTRY_KNOWN 4

typedef struct DictionaryExpr
{
	VExpr		base;
	AttrNumber	attno;
	VExpr	   *plain;
	VExpr	   *wanted;			/* what it is to equal; NULL: no such test */
	bool		any;			/* wanted is an array */

	/* results for one dictionary, in their own context */
	MemoryContext memory;
	uint64		serial;
	uint32		generation;		/* 0: nothing cached */
	uint32		entries;
	uint8	   *states;			/* entries + 1 */
	Datum	   *results;		/* likewise; not for booleans */
	uint64		result_serial;
	bool		any_null;		/* some result is NULL */
} DictionaryExpr;

/*
 * Numbers for dictionaries of results, apart from those that the scan gives to
 * the dictionaries it reads.
 */
uint64
vexpr_dictionary_next_serial(void)
{
	static uint64 last = UINT64CONST(1) << 63;

	return ++last;
}

/* ---------- equality ---------- */

/* Mark the entry that has a text's bytes. */
static void
mark_equal(DictionaryExpr *expr, const Vector *vector, Datum value)
{
	text	   *wanted = DatumGetTextPP(value);
	Size		length = VARSIZE_ANY_EXHDR(wanted);
	uint32		low = 0;
	uint32		high = expr->entries;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		Pointer		entry = DatumGetPointer(vector->dictionary[middle]);
		Size		entry_length = VARSIZE_ANY_EXHDR(entry);
		int			order = memcmp(VARDATA_ANY(entry), VARDATA_ANY(wanted),
								   Min(entry_length, length));

		if (order == 0 && entry_length == length)
		{
			expr->states[middle] = ENTRY_KNOWN | ENTRY_YES;
			return;
		}
		if (order < 0 || (order == 0 && entry_length < length))
			low = middle + 1;
		else
			high = middle;
	}
}

/* An empty array decides even about NULL; a NULL in it, about what it lacks. */
static void
mark_any_equal(DictionaryExpr *expr, const Vector *vector, Datum wanted)
{
	Datum	   *elements;
	bool	   *nulls;
	bool		any_null = false;
	uint32		code;
	Oid			type;
	int			n = shape_array(wanted, &elements, &nulls, &type);
	int			i;

	if (n == 0)
		expr->states[expr->entries] = ENTRY_KNOWN;
	for (i = 0; i < n; i++)
	{
		any_null |= nulls[i];
		if (!nulls[i])
			mark_equal(expr, vector, elements[i]);
	}
	for (code = 0; any_null && code < expr->entries; code++)
		if ((expr->states[code] & ENTRY_YES) == 0)
			expr->states[code] = ENTRY_KNOWN | ENTRY_NULL;
}

/* Find out about all entries at once. */
static void
compute_equality(DictionaryExpr *expr, const Vector *vector)
{
	MemoryContext old = MemoryContextSwitchTo(expr->memory);
	bool		isnull;
	Datum		wanted = vexpr_once_value(expr->wanted, &isnull);

	memset(expr->states, ENTRY_KNOWN | (isnull ? ENTRY_NULL : 0),
		   expr->entries);
	expr->states[expr->entries] = ENTRY_KNOWN | ENTRY_NULL;
	if (!isnull && expr->any)
		mark_any_equal(expr, vector, wanted);
	else if (!isnull)
		mark_equal(expr, vector, wanted);
	MemoryContextSwitchTo(old);
}

static bool
is_plain_column(Node *node)
{
	node = shape_strip(node);
	return IsA(node, Var);
}

/*
 * The other side of an equality of a text column, if it is one value for the
 * scan.  Equal in a deterministic collation are the same bytes.
 */
static Node *
find_wanted(Node *node, bool *any)
{
	List	   *args;
	Oid			collation;
	Oid			function;

	*any = IsA(node, ScalarArrayOpExpr);
	if (*any)
	{
		ScalarArrayOpExpr *saop = (ScalarArrayOpExpr *) node;

		if (!saop->useOr)
			return NULL;
		args = saop->args;
		collation = saop->inputcollid;
		function = get_opcode(saop->opno);
	}
	else if (IsA(node, OpExpr))
	{
		args = ((OpExpr *) node)->args;
		collation = ((OpExpr *) node)->inputcollid;
		function = get_opcode(((OpExpr *) node)->opno);
	}
	else
		return NULL;
	if (function != F_TEXTEQ || !OidIsValid(collation) ||
		!get_collation_isdeterministic(collation))
		return NULL;
	if (is_plain_column(linitial(args)) && vexpr_once_fits(lsecond(args)))
		return lsecond(args);
	if (!*any && is_plain_column(lsecond(args)) && vexpr_once_fits(linitial(args)))
		return linitial(args);
	return NULL;
}

/* ---------- entries ---------- */

static void
use_dictionary(DictionaryExpr *expr, const Vector *vector)
{
	uint32		generation = expr->base.shared->generation;
	Size		n = (Size) vector->entries + 1;

	if (expr->generation == generation && expr->serial == vector->serial &&
		expr->entries == vector->entries)
		return;
	if (expr->memory == NULL)
		expr->memory = AllocSetContextCreate(expr->base.shared->memory,
											 "rusts results per dictionary entry",
											 ALLOCSET_DEFAULT_SIZES);
	expr->generation = 0;
	MemoryContextReset(expr->memory);
	expr->states = MemoryContextAllocZero(expr->memory, n);
	if (expr->base.type != BOOLOID)
		expr->results = MemoryContextAllocHuge(expr->memory, n * sizeof(Datum));
	expr->result_serial = vexpr_dictionary_next_serial();
	expr->any_null = false;
	expr->serial = vector->serial;
	expr->entries = vector->entries;
	if (expr->wanted != NULL && vector->sorted)
		compute_equality(expr, vector);
	expr->generation = generation;
}

static uint8
compute_entry(DictionaryExpr *expr, const Vector *vector, Datum code)
{
	bool		input_isnull = code == expr->entries;
	uint8		state = ENTRY_KNOWN;
	bool		isnull;
	Datum		value;

	value = vexpr_scalar_value(expr->plain,
							   input_isnull ? 0 : vector->dictionary[code],
							   input_isnull, &isnull);
	if (isnull)
	{
		state |= ENTRY_NULL;
		expr->any_null = true;
		value = 0;
	}
	else if (expr->base.type == BOOLOID)
		state |= DatumGetBool(value) ? ENTRY_YES : 0;
	else
		value = vexpr_scalar_copy(&expr->base, value, expr->memory);
	if (expr->base.type != BOOLOID)
		expr->results[code] = value;
	expr->states[code] = state;
	return state;
}

/* The state of a row's entry, computed if need be. */
static inline uint8
row_state(DictionaryExpr *expr, const Vector *vector, int row, Datum *code)
{
	uint8		state;

	*code = vexpr_is_null(vector, row) ? expr->entries :
		vector->values[vector->constant ? 0 : row];
	state = expr->states[*code];
	return state != 0 ? state : compute_entry(expr, vector, *code);
}

static void
test_constant(DictionaryExpr *expr, const Vector *vector, const uint64 *rows,
			  Truth *truth)
{
	Datum		code;
	uint8		state = row_state(expr, vector, 0, &code);

	selection_clear(truth->yes);
	selection_clear(truth->null);
	if (state & ENTRY_YES)
		selection_copy(truth->yes, rows);
	else if (state & ENTRY_NULL)
		selection_copy(truth->null, rows);
}

static void
test_codes(DictionaryExpr *expr, const Vector *vector, const uint64 *rows,
		   Truth *truth)
{
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
	{
		uint64		left = rows[w];
		uint64		yes = 0;
		uint64		null = 0;

		while (left != 0)
		{
			int			bit = pg_rightmost_one_pos64(left);
			Datum		code;
			uint64		state = row_state(expr, vector, w * 64 + bit, &code);

			yes |= (state & ENTRY_YES) << bit;
			null |= ((state & ENTRY_NULL) / ENTRY_NULL) << bit;
			left &= left - 1;
		}
		truth->yes[w] = yes;
		truth->null[w] = null;
	}
}

/* The column in this batch if it is kept as codes there, else NULL. */
static const Vector *
dictionary_column(DictionaryExpr *expr, Batch *batch)
{
	const Vector *vector;

	if (batch_is_by_value(batch, expr->attno))
		return NULL;
	vector = batch_column(batch, expr->attno);
	return vector->dictionary != NULL ? vector : NULL;
}

static void
dictionary_test(VExpr *base, Batch *batch, const uint64 *rows, Truth *truth)
{
	DictionaryExpr *expr = (DictionaryExpr *) base;
	const Vector *vector = dictionary_column(expr, batch);

	if (vector == NULL)
	{
		vexpr_node_test(expr->plain, batch, rows, truth);
		return;
	}
	use_dictionary(expr, vector);
	if (vector->constant)
		test_constant(expr, vector, rows, truth);
	else
		test_codes(expr, vector, rows, truth);
}

static const Vector *
dictionary_result(DictionaryExpr *expr, bool constant)
{
	Vector	   *result = &expr->base.result;

	(void) vexpr_node_result(&expr->base, expr->any_null);
	result->constant = constant;
	result->dictionary = expr->results;
	result->entries = expr->entries + 1;
	result->serial = expr->result_serial;
	return result;
}

static const Vector *
dictionary_eval(VExpr *base, Batch *batch, const uint64 *rows)
{
	DictionaryExpr *expr = (DictionaryExpr *) base;
	const Vector *vector = dictionary_column(expr, batch);
	Datum	   *codes = vexpr_node_values(base);
	bool	   *isnull = vexpr_node_isnull(base);
	int			row;

	if (vector == NULL)
		return vexpr_node_eval(expr->plain, batch, rows);
	use_dictionary(expr, vector);
	for (SELECTION_EACH(row, rows))
	{
		int			at = vector->constant ? 0 : row;

		isnull[at] = (row_state(expr, vector, row, &codes[at]) & ENTRY_NULL) != 0;
		if (vector->constant)
			break;
	}
	return dictionary_result(expr, vector->constant);
}

static const VExprClass boolean_class = {.test = dictionary_test};
static const VExprClass value_class = {.eval = dictionary_eval};

VExpr *
vexpr_dictionary_build(VExprShared *shared, Node *node)
{
	DictionaryExpr *expr;
	AttrNumber	attno = vexpr_scalar_only_column(node);
	Oid			type = exprType(node);
	Node	   *wanted;

	if (attno == 0 ||
		vexpr_type_kind(TupleDescAttr(shared->desc, attno - 1)->atttypid) != VECTOR_DATUM)
		return NULL;
	/* whether a column is NULL, its vector knows */
	if (IsA(node, NullTest) && IsA(((NullTest *) node)->arg, Var))
		return NULL;
	expr = vexpr_node_create(shared,
							 type == BOOLOID ? &boolean_class : &value_class,
							 sizeof(DictionaryExpr), type);
	expr->attno = attno;
	expr->plain = vexpr_scalar_build(shared, node);
	wanted = find_wanted(node, &expr->any);
	if (wanted != NULL)
		expr->wanted = vexpr_once_build(shared, wanted);
	return &expr->base;
}
