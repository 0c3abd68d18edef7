/*
 * cfunction.h
 *	  Our own SQL functions, by their symbols in the library.
 */
#ifndef RUSTS_CFUNCTION_H
#define RUSTS_CFUNCTION_H

/*
 * The symbol of one of our functions, NULL for any other.  Name and
 * schema of our functions are the user's choice, the symbol is ours.  It is
 * valid until the next call of a function of this file.
 */
extern const char *cfunction_symbol(Oid function);

/* Is a function one of ours, and does its symbol begin with prefix? */
extern bool cfunction_has_prefix(Oid function, const char *prefix);

#endif							/* RUSTS_CFUNCTION_H */
