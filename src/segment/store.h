/*
 * store.h
 *	  Chunks: bytes in the table's TOAST relation.
 */
#ifndef RUSTS_STORE_H
#define RUSTS_STORE_H

#include "access/genam.h"
#include "access/heapam.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapshot.h"

#include "compat/compat.h"

/*
 * Reserved chunk ids.  The OID generator never hands out values below
 * FirstNormalObjectId, so they cannot meet a TOAST value's.
 */
#define STORE_ID_COUNTER 1
#define STORE_ID_DIRECTORY 2
#define STORE_ID_MOVES 3
#define STORE_ID_STUBS 1024		/* and more (stub.c) */
#define STORE_ID_BLOCK_STUBS 1536	/* and more */
#define STORE_ID_STUBS_END 2048

/* Payload bytes of one chunk of a stream; a chunk fills a page (format 2.2). */
#define STORE_CHUNK_PAYLOAD 8096

/* Where the chunks of a stream lie. */
typedef enum StoreLayout
{
	STORE_UNKNOWN,
	STORE_SIDE_BY_SIDE,			/* one a page, on consecutive pages */
	STORE_APART
} StoreLayout;

typedef struct StorePlace
{
	StoreLayout layout;
	BlockNumber first;			/* of chunk 0, if side by side */
	OffsetNumber offset;		/* of each chunk, if side by side */
} StorePlace;

typedef struct Store
{
	Relation	toast;
	Relation   *indexes;
	int			nindexes;
	int			valid;			/* the index that scans use */
	Oid			relid;			/* the rusts table, for messages */
	LOCKMODE	lockmode;
	uint64		bytes_read;		/* of streams, since opened or reset */
	MemoryContext context;		/* the store's own */
	ResourceOwner owner;		/* of the open relations */
	IndexScanDesc scan;			/* over streams; NULL until one is read */
	TupleTableSlot *slot;		/* empty between reads */
} Store;

/* A chunk tuple taken apart; the data points into it. */
typedef struct StoreChunk
{
	Oid			id;
	int32		seq;
	uint32		len;
	const char *data;
} StoreChunk;

/* A stream to be read, and what to name when it is damaged. */
typedef struct StoreStream
{
	Oid			chunk_id;
	uint64		length;
	StorePlace *place;			/* the caller's, which may keep it */
	int64		segment;
	const char *column;			/* or NULL */
} StoreStream;

/* Sequential writer of one stream. */
typedef struct StoreWriter
{
	Store	   *store;
	Oid			chunk_id;
	CommandId	cid;
	BulkInsertState bistate;
	uint64		length;			/* bytes so far */
	uint32		fill;			/* bytes in buffer */
	char	   *buffer;			/* crc + payload */
} StoreWriter;

extern bool store_exists(Relation rel);
extern Store *store_open(Relation rel, LOCKMODE lockmode);
extern void store_close(Store *store);
/* As store_close, but keeps the locks until the transaction ends. */
extern void store_close_keep_locks(Store *store);

extern ItemPointerData store_insert(Store *store, Oid chunk_id,
									int32 chunk_seq, const char *data,
									uint32 len, CommandId cid, int options);
/* As store_insert; everybody sees the row, whatever becomes of the transaction. */
extern ItemPointerData store_insert_for_all(Store *store, Oid chunk_id,
											int32 chunk_seq, const char *data,
											uint32 len, CommandId cid);
/* The tuple that store_insert would insert. */
extern HeapTuple store_form_tuple(Store *store, Oid chunk_id, int32 chunk_seq,
								  const char *data, uint32 len);
/* Delete a row; false: it is gone, or another transaction's to delete. */
extern bool store_delete_row(Store *store, const ItemPointerData *tid,
							 CommandId cid);
/* Delete the chunks of a stream, which no later snapshot is to read. */
extern void store_delete_stream(Store *store, Oid chunk_id, CommandId cid);
/* Make index entries for a tuple that is in the relation. */
extern void store_index_tuple(Store *store, HeapTuple tuple);
/*
 * Take a chunk tuple apart, checking bounds and checksum; returns NULL, or
 * what is wrong with it; id and seq are then what the tuple says, or 0.
 */
extern const char *store_take_apart(Store *store, HeapTuple tuple,
									StoreChunk *chunk);

extern StoreWriter *store_writer_begin(Store *store, CommandId cid);
extern void store_writer_append(StoreWriter *writer, const void *data,
								size_t len);
extern void store_writer_end(StoreWriter *writer);

/* Read len bytes at offset of a stream into out, checking every checksum. */
extern void store_read(Store *store, const StoreStream *stream, uint64 offset,
					   size_t len, char *out);

pg_noreturn extern void store_report_corruption(Store *store, int64 segment,
												const char *column,
												const char *what);

#endif							/* RUSTS_STORE_H */
