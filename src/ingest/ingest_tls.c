/*
 * ingest_tls.c
 *	  Certificate and key of HTTPS, as they are in their files.
 *
 * Names that are not absolute are in the data directory, which is where the
 * server's processes are.  A key must be as safe as the server's own.
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "ingest/ingest_log.h"
#include "ingest/ingest_settings.h"
#include "ingest/ingest_tls.h"
#include "storage/fd.h"

#define TLS_LONGEST_FILE (1024 * 1024)

/* As the server checks ssl_key_file. */
static bool
ingest_tls_is_safe(const char *name)
{
	struct stat status;
	mode_t		too_much;

	if (stat(name, &status) != 0)
	{
		ingest_log(LOG_KIND_TLS, NULL,
				   "ingest worker could not read \"%s\" for HTTPS: %s", name,
				   strerror(errno));
		return false;
	}
	/* root's may be shared with a group, so that a system can manage keys */
	too_much = status.st_uid == 0 && geteuid() != 0 ?
		S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
	if (S_ISREG(status.st_mode) &&
		(status.st_uid == geteuid() || status.st_uid == 0) &&
		(status.st_mode & too_much) == 0)
		return true;
	ingest_log(LOG_KIND_TLS,
			   "It must be a file with permissions u=rw (0600) or less if the server's user owns it, or u=rw,g=r (0640) or less if root does.",
			   "ingest worker does not use private key \"%s\": others have access to it",
			   name);
	return false;
}

static char *
ingest_tls_read_file(const char *name)
{
	FILE	   *file = AllocateFile(name, "r");
	char	   *text = malloc(TLS_LONGEST_FILE + 1);
	size_t		len = 0;

	if (file != NULL && text != NULL)
		len = fread(text, 1, TLS_LONGEST_FILE, file);
	if (len == 0)
	{
		ingest_log(LOG_KIND_TLS, NULL,
				   "ingest worker could not read \"%s\" for HTTPS: %s", name,
				   file == NULL ? strerror(errno) : "it is empty");
		free(text);
		text = NULL;
	}
	else
		text[len] = '\0';
	if (file != NULL)
		FreeFile(file);
	return text;
}

bool
ingest_tls_read(TlsFiles *files)
{
	const char *cert = ingest_settings_ssl_cert_file;
	const char *key = ingest_settings_ssl_key_file;

	files->cert = files->key = NULL;
	if (cert[0] == '\0' && key[0] == '\0')
		return true;
	if (cert[0] == '\0' || key[0] == '\0')
	{
		ingest_log(LOG_KIND_TLS,
				   "Set both rusts.ingest_ssl_cert_file and rusts.ingest_ssl_key_file, or none.",
				   "ingest worker needs a certificate and a key for HTTPS");
		return false;
	}
	if (!ingest_tls_is_safe(key))
		return false;
	files->cert = ingest_tls_read_file(cert);
	files->key = files->cert ? ingest_tls_read_file(key) : NULL;
	if (files->key != NULL)
		return true;
	ingest_tls_free(files);
	return false;
}

static bool
ingest_tls_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
ingest_tls_same(const TlsFiles *a, const TlsFiles *b)
{
	return ingest_tls_same_text(a->cert, b->cert) &&
		ingest_tls_same_text(a->key, b->key);
}

void
ingest_tls_free(TlsFiles *files)
{
	free(files->cert);
	if (files->key != NULL)
		explicit_bzero(files->key, strlen(files->key));
	free(files->key);
	files->cert = files->key = NULL;
}
