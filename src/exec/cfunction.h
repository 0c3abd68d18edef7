/*
 * cfunction.h
 *	  Our own SQL functions, by their symbols in the library.
 */
#ifndef RUSTS_CFUNCTION_H
#define RUSTS_CFUNCTION_H

/*
 * Is the function a C function whose symbol begins so?  Name and schema of
 * our functions are the user's choice, the symbol is ours.
 */
extern bool cfunction_has_prefix(Oid function, const char *prefix);

#endif							/* RUSTS_CFUNCTION_H */
