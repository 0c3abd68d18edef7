/*
 * residentwork.h
 *	  In the worker: messages to its session.
 */
#ifndef RUSTS_RESIDENTWORK_H
#define RUSTS_RESIDENTWORK_H

#include "lib/stringinfo.h"
#include "storage/shm_mq.h"

/* Send a message to the session. */
extern void residentwork_send(shm_mq_handle *queue,
							  const StringInfoData *message);

#endif							/* RUSTS_RESIDENTWORK_H */
