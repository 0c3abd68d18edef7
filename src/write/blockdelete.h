/*
 * blockdelete.h
 *	  Delete many rows of a segment at once.
 */
#ifndef RUSTS_BLOCKDELETE_H
#define RUSTS_BLOCKDELETE_H

#include "segment/directory.h"

/*
 * Delete those of up to CODEC_BLOCK_ROWS rows of a segment, from first on, that
 * nobody has ever locked or changed, and take them out of the selection.
 * Returns their number.  The transaction must not keep its snapshot, and nobody
 * may be able to decode the table.
 */
extern int	blockdelete_rows(Store *store, const DirectoryEntry *entry,
							 uint32 first, uint64 *selected, CommandId cid);

#endif							/* RUSTS_BLOCKDELETE_H */
