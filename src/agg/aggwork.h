/*
 * aggwork.h
 *	  What a resident worker does when it takes part in an aggregation.
 */
#ifndef RUSTS_AGGWORK_H
#define RUSTS_AGGWORK_H

#include "resident/resident.h"

/* Read a share of the table and send its groups: a ResidentWork. */
extern void aggwork_run(void *area, const char *work, ParamListInfo params,
						shm_mq_handle *queue);

#endif							/* RUSTS_AGGWORK_H */
