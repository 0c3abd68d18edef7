/*
 * hotlock.h
 *	  Row locks on a hot version, for those who locked the version before it.
 */
#ifndef RUSTS_HOTLOCK_H
#define RUSTS_HOTLOCK_H

#include "access/htup_details.h"
#include "utils/rel.h"

/*
 * Lock the version at *tid, which must be xmin's, and those after it FOR KEY
 * SHARE, for this transaction.  False: it was or is being deleted; if wait_for
 * is valid, by a transaction in progress.
 */
extern bool hotlock_add_key_share(Relation rel, const ItemPointerData *tid,
								  TransactionId xmin,
								  TransactionId *wait_for);
/*
 * Give the version at *tid, just inserted by this transaction, the locks that
 * others hold on the tuple of another relation.
 */
extern void hotlock_copy(Relation rel, const ItemPointerData *tid,
						 Relation other, const ItemPointerData *other_tid);

#endif							/* RUSTS_HOTLOCK_H */
