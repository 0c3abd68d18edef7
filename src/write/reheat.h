/*
 * reheat.h
 *	  Changes of segment rows as logical decoding wants to find them.
 */
#ifndef RUSTS_REHEAT_H
#define RUSTS_REHEAT_H

#include "executor/tuptable.h"
#include "utils/rel.h"

/*
 * Write what decoding reports as the deletion of a row, or as its update to the
 * one in the slot, which is inserted by that.  old_slot has the old row.
 */
extern void reheat_delete(Relation rel, TupleTableSlot *old_slot,
						  CommandId cid);
extern void reheat_update(Relation rel, TupleTableSlot *old_slot,
						  TupleTableSlot *slot, CommandId cid);

#endif							/* RUSTS_REHEAT_H */
