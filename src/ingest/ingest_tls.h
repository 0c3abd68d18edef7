/*
 * ingest_tls.h
 *	  Certificate and key of HTTPS, as they are in their files.
 */
#ifndef RUSTS_INGEST_TLS_H
#define RUSTS_INGEST_TLS_H

typedef struct TlsFiles
{
	char	   *cert;			/* PEM, malloc; NULL: no TLS */
	char	   *key;
} TlsFiles;

/*
 * Read the files that the settings name.  False: they cannot be used, which is
 * logged.  Without a setting there is no TLS, and nothing to go wrong.
 */
extern bool ingest_tls_read(TlsFiles *files);
extern bool ingest_tls_same(const TlsFiles *a, const TlsFiles *b);
extern void ingest_tls_free(TlsFiles *files);

#endif							/* RUSTS_INGEST_TLS_H */
