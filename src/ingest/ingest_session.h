/*
 * ingest_session.h
 *	  What a role's statements leave behind in the worker's session.
 */
#ifndef RUSTS_INGEST_SESSION_H
#define RUSTS_INGEST_SESSION_H

/*
 * Forget it.  After each transaction that ran as a client's role, whichever way
 * it ended, and outside of transactions.  An error ends the process: it must
 * not go on with what is left.
 */
extern void ingest_session_clean(void);

#endif							/* RUSTS_INGEST_SESSION_H */
