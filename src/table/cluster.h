/*
 * cluster.h
 *	  VACUUM FULL and CLUSTER.
 */
#ifndef RUSTS_CLUSTER_H
#define RUSTS_CLUSTER_H

#include "access/tableam.h"

extern void cluster_copy(Relation old_table, Relation new_table,
						 Relation index, bool use_sort,
						 TransactionId oldest_xmin, TransactionId *xid_cutoff,
						 MultiXactId *multi_cutoff, double *num_tuples,
						 double *tups_vacuumed, double *tups_recently_dead);

#endif							/* RUSTS_CLUSTER_H */
