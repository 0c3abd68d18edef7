/*
 * ingest_body.h
 *	  The body of a request, as it comes: unpacked, and bounded.
 *
 * All bodies of a worker together have a bound as well; lines of TCP clients
 * count.  Memory is malloc's, and a failure is a verdict.
 */
#ifndef RUSTS_INGEST_BODY_H
#define RUSTS_INGEST_BODY_H

typedef enum BodyVerdict
{
	BODY_FINE,
	BODY_TOO_LARGE,				/* than rusts.ingest_max_body, unpacked */
	BODY_BAD_GZIP,				/* damaged, or cut short */
	BODY_NO_ROOM				/* not now: others have all of it */
} BodyVerdict;

typedef struct IngestBody
{
	char	   *data;
	size_t		len;
	size_t		capacity;
	BodyVerdict verdict;
	struct z_stream_s *zip;		/* of a packed body */
	bool		zip_ended;		/* after a whole member */
} IngestBody;

/* What a body may have, in bytes. */
extern size_t ingest_body_limit(void);

/* Is there room for so much more, of all bodies? */
extern bool ingest_body_has_room(size_t len);

extern void ingest_body_begin(IngestBody *body, bool gzip);

/*
 * A piece that has come.  When the verdict is no longer BODY_FINE, nothing is
 * kept of the body, and further pieces are passed over.
 */
extern void ingest_body_add(IngestBody *body, const char *data, size_t len);

/* All has come. */
extern BodyVerdict ingest_body_end(IngestBody *body);

extern void ingest_body_free(IngestBody *body);

/* Make room for so many bytes in all; false: there is none, or too much. */
extern bool ingest_body_reserve(IngestBody *body, size_t len);

#endif							/* RUSTS_INGEST_BODY_H */
