/*
 * hotlock.h
 *	  Row locks on a hot version, for those who locked the version before it.
 */
#ifndef RUSTS_HOTLOCK_H
#define RUSTS_HOTLOCK_H

#include "access/htup_details.h"
#include "storage/buf.h"
#include "utils/rel.h"

typedef enum HotLockResult
{
	HOTLOCK_DONE,
	HOTLOCK_WAIT,				/* xid is deleting a version, or changes keys */
	HOTLOCK_UPDATED,			/* such an update has been committed */
	HOTLOCK_DELETED,			/* such a deletion has */
	HOTLOCK_MOVED				/* a flush has moved the last version */
} HotLockResult;

/* A version of a row, and in the end the one that stopped the walk. */
typedef struct HotVersion
{
	Relation	rel;
	ItemPointerData tid;		/* HOTLOCK_MOVED: the virtual one */
	TransactionId xmin;			/* that it must have */
	TransactionId xid;			/* HOTLOCK_WAIT: for whom */
	Buffer		buffer;			/* locked meanwhile */
} HotVersion;

/* Lock a version and those after it FOR KEY SHARE, for this transaction. */
extern HotLockResult hotlock_add_key_share(HotVersion *version);
/*
 * Give the version at *tid, just inserted by this transaction, the locks that
 * others hold on the tuple of another relation.
 */
extern void hotlock_copy(Relation rel, const ItemPointerData *tid,
						 Relation other, const ItemPointerData *other_tid);

#endif							/* RUSTS_HOTLOCK_H */
