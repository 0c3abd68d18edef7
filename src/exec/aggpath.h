/*
 * aggpath.h
 *	  Plan vectorised aggregation.
 */
#ifndef RUSTS_AGGPATH_H
#define RUSTS_AGGPATH_H

extern void aggpath_init(void);

#endif							/* RUSTS_AGGPATH_H */
