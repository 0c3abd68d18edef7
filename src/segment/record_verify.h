/*
 * record_verify.h
 *	  Stubs and records of moved rows against the directory.
 */
#ifndef RUSTS_RECORD_VERIFY_H
#define RUSTS_RECORD_VERIFY_H

#include "segment/directory.h"

typedef struct RecordVerify
{
	Store	   *store;
	Snapshot	snapshot;
	const DirectoryList *list;	/* what the snapshot sees */
	DirectoryDamage report;
	void	   *arg;
} RecordVerify;

/* Report what is wrong with records, or with stubs, and may be read. */
extern void record_verify_moves(const RecordVerify *verify);
extern void record_verify_stubs(const RecordVerify *verify);

#endif							/* RUSTS_RECORD_VERIFY_H */
