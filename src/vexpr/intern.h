/*
 * intern.h
 *	  Values reduced to words of 64 bits: equal values have equal words.
 */
#ifndef RUSTS_INTERN_H
#define RUSTS_INTERN_H

#include "vexpr/batch.h"

typedef struct Intern Intern;

/*
 * Create one for a type of kind VECTOR_DATUM, with its equality operator.
 * Values and tables are kept in context; when that is reset, call
 * intern_reset.
 */
extern Intern *intern_create(Oid type, Oid collation, Oid equal,
							 MemoryContext context);
extern void intern_reset(Intern *intern);
/*
 * Until the next reset, take in no more values.  An unknown value has a word
 * that no known value has, good for nothing but intern_hash.
 */
extern void intern_freeze(Intern *intern);

/* The word of a value; intern is NULL for kinds other than VECTOR_DATUM. */
extern int64 intern_word(Intern *intern, VectorKind kind, Datum value);
/* The value that an interned word stands for. */
extern Datum intern_datum(const Intern *intern, int64 word);
/* A hash of the value that a word stands for, even of an unknown value. */
extern uint32 intern_hash(const Intern *intern, int64 word);

/*
 * Replace words, except those of NULLs, by numbers in the order that the type
 * gives their values by default.
 */
extern void intern_place(Intern *intern, uint64 *words, const bool *nulls,
						 uint32 n);

/* The words of codes of a dictionary: translated once per entry. */
extern void intern_begin_dictionary(Intern *intern, const Vector *vector);
extern int64 intern_code(Intern *intern, const Vector *vector, uint64 code);

#endif							/* RUSTS_INTERN_H */
