/*
 * planner.h
 *	  What the planner must know about rusts tables and their indexes.
 */
#ifndef RUSTS_PLANNER_H
#define RUSTS_PLANNER_H

extern void planner_init(void);

#endif							/* RUSTS_PLANNER_H */
