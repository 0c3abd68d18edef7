/*
 * aggupper.h
 *	  Which paths of vectorised aggregation a grouped relation gets.
 */
#ifndef RUSTS_AGGUPPER_H
#define RUSTS_AGGUPPER_H

/* Join the planner. */
extern void aggupper_init(void);

#endif							/* RUSTS_AGGUPPER_H */
