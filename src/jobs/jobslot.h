/*
 * jobslot.h
 *	  Which worker maintains which database: the shared memory of jobs/.
 */
#ifndef RUSTS_JOBSLOT_H
#define RUSTS_JOBSLOT_H

/* What the launcher learns about one database. */
typedef struct JobStatus
{
	int			pid;			/* of its worker, 0: none */
	bool		wanted;			/* there is work for a worker */
	bool		held;			/* no worker may run now */
	bool		finished;		/* the last worker had nothing to do */
} JobStatus;

/* While libraries are preloaded: ask for shared memory, and set it up. */
extern void jobslot_shmem_request(void);
extern void jobslot_shmem_startup(void);

/* Launcher. */
extern void jobslot_attach_launcher(void);
extern JobStatus jobslot_status(Oid dbid);
extern bool jobslot_take_asked(void);
extern void jobslot_set_scarce(bool scarce);
extern void jobslot_free(Oid dbid);

/*
 * Worker: attach says whether it may run; it is registered until it exits.
 * finished: it exits because the database has nothing for it.  is_scarce: a
 * worker that has nothing to do should make room for another database's.
 */
extern bool jobslot_attach_worker(Oid dbid);
extern void jobslot_finished(void);
extern bool jobslot_is_scarce(void);

/* Any backend: there is work in dbid.  Does not throw. */
extern void jobslot_wake(Oid dbid);

/* A command needs dbid for itself: stop its worker, allow it again. */
extern void jobslot_hold(Oid dbid);
extern void jobslot_release(Oid dbid);

#endif							/* RUSTS_JOBSLOT_H */
