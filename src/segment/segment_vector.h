/*
 * segment_vector.h
 *	  What a segment's reader gives out.
 */
#ifndef RUSTS_SEGMENT_VECTOR_H
#define RUSTS_SEGMENT_VECTOR_H

typedef struct SegmentReader SegmentReader;

/*
 * One decoded block of one column.  values are Datums as a heap tuple's
 * deforming would give them (by-reference ones point into the reader and stay
 * valid until another block of that column is decoded).  isnull is NULL when
 * the block has no null.  n rows.
 */
typedef struct SegmentVector
{
	int			n;
	const Datum *values;
	const bool *isnull;
} SegmentVector;

/* A dictionary: code c stands for values[c]. */
typedef struct SegmentDictionary
{
	const Datum *values;
	uint32		entries;
	bool		sorted;			/* they ascend, compared as bytes */
} SegmentDictionary;

#endif							/* RUSTS_SEGMENT_VECTOR_H */
