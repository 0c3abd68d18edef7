/*
 * ingest_poll.h
 *	  What an ingest worker waits for: its latch, sockets, time.
 */
#ifndef RUSTS_INGEST_POLL_H
#define RUSTS_INGEST_POLL_H

/* A socket that somebody reads.  Its owner keeps it while it is added. */
typedef struct PollSocket
{
	int			fd;
	void		(*ready) (struct PollSocket *socket);
	void	   *owner;
	bool		added;
} PollSocket;

extern void ingest_poll_init(void);

/*
 * Both may be called at any time, from a ready function as well, and raise no
 * error: ingest_poll_add returns false when the system has no room for it.
 */
extern bool ingest_poll_add(PollSocket *socket);
extern void ingest_poll_remove(PollSocket *socket);

/*
 * Wait, for so many milliseconds at most, and have the sockets that are ready
 * read.  Returns whether the process's latch was set.
 */
extern bool ingest_poll_wait(long timeout);

/* Milliseconds on a clock that nobody sets, as of the last wait's end. */
extern int64 ingest_poll_now(void);

#endif							/* RUSTS_INGEST_POLL_H */
