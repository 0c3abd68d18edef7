/*
 * guarded.c
 *	  Run a step whose error must not end the statement.
 *
 * The step runs in a subtransaction, which frees what the step held when it
 * threw (buffer pins, locks, open relations); memory is the caller's.  No
 * subtransaction can be had in parallel mode: there this throws.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "segment/guarded.h"

ErrorData *
guarded_run(void (*step) (void *arg), void *arg)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(old);
	PG_TRY();
	{
		step(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(old);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	return error;
}
