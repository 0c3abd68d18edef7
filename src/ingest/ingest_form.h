/*
 * ingest_form.h
 *	  Bodies of HTML forms: application/x-www-form-urlencoded.
 */
#ifndef RUSTS_INGEST_FORM_H
#define RUSTS_INGEST_FORM_H

#define INGEST_FORM_TYPE "application/x-www-form-urlencoded"

/* The value of a name, from malloc; NULL: there is none. */
extern char *ingest_form_value(const char *form, size_t form_len,
							   const char *name);

#endif							/* RUSTS_INGEST_FORM_H */
