/*
 * ingest_encoding.h
 *	  Text of clients, which is UTF-8, and text of the database.
 */
#ifndef RUSTS_INGEST_ENCODING_H
#define RUSTS_INGEST_ENCODING_H

/* A body in the database's encoding. */
typedef struct EncodingText
{
	const char *data;
	size_t		len;
	bool		good;			/* all of it: no part need be asked for */
	size_t	   *bad;			/* places of characters that the database's
								 * encoding lacks: question marks now */
	int			bad_count;
} EncodingText;

/* In a transaction, once. */
extern void ingest_encoding_init(void);

/*
 * A body, converted if need be.  What is made is allocated in the current
 * context; where nothing is to be converted, the body itself is the text.
 */
extern void ingest_encoding_receive(const char *body, size_t len,
									EncodingText *text);

/* Is a part of the text without fault? */
extern bool ingest_encoding_is_good(const EncodingText *text,
									const char *part, size_t len);

/* A text of ours as UTF-8, whatever it is; palloc, or the text itself. */
extern const char *ingest_encoding_send(const char *text);

#endif							/* RUSTS_INGEST_ENCODING_H */
