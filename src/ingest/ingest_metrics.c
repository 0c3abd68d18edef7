/*
 * ingest_metrics.c
 *	  What all workers count, as Prometheus reads it.
 *
 * One sample per worker and counter, labelled with the worker's number, so that
 * counters never go back when a worker is started again.
 */
#include "postgres.h"

#include <stddef.h>

#include "ingest/ingest_metrics.h"
#include "ingest/ingest_share.h"

#define METRICS_SIZE 65536

typedef struct Metric
{
	const char *name;
	const char *type;
	const char *help;
	size_t		offset;			/* in IngestCounters */
	double		scale;
} Metric;

#define METRIC(name, type, help, member) \
	{name, type, help, offsetof(IngestCounters, member), 1}

static const Metric metrics[] = {
	METRIC("rusts_ingest_requests_total", "counter", "HTTP requests.", requests),
	METRIC("rusts_ingest_writes_total", "counter", "Requests and chunks with lines.", writes),
	METRIC("rusts_ingest_lines_total", "counter", "Lines that are neither blank nor comments.", lines),
	METRIC("rusts_ingest_points_total", "counter", "Lines that were stored.", points),
	METRIC("rusts_ingest_bytes_total", "counter", "Bytes of lines, unpacked.", bytes),
	METRIC("rusts_ingest_rounded_total", "counter", "Timestamps that were finer than a microsecond.", rounded),
	METRIC("rusts_ingest_refused_total", "counter", "Writes that were asked to come again.", refused),
	METRIC("rusts_ingest_auth_failures_total", "counter", "Requests without a valid name and password.", auth_failures),
	METRIC("rusts_ingest_dropped_datagrams_total", "counter", "UDP datagrams that were not stored.", dropped_datagrams),
	METRIC("rusts_ingest_transactions_total", "counter", "Transactions that were committed.", transactions),
	METRIC("rusts_ingest_connections", "gauge", "Connections that are open.", connections),
	METRIC("rusts_ingest_queries", "gauge", "Queries that are running.", queries),
	METRIC("rusts_ingest_queue_bytes", "gauge", "Bytes of bodies in memory.", queue_bytes),
	{"rusts_ingest_commit_seconds", "gauge", "Time of the last commit.", offsetof(IngestCounters, commit_us), 1e-6}
};

typedef struct MetricsText
{
	char	   *data;
	size_t		len;
} MetricsText;

static void
ingest_metrics_append(MetricsText *text, const char *format,...)
			pg_attribute_printf(2, 3);

static void
ingest_metrics_append(MetricsText *text, const char *format,...)
{
	va_list		args;
	int			n;

	va_start(args, format);
	n = vsnprintf(text->data + text->len, METRICS_SIZE - text->len, format,
				  args);
	va_end(args);
	if (n > 0)
		text->len = Min(text->len + n, METRICS_SIZE - 1);
}

static IngestCounters *
ingest_metrics_worker(int worker)
{
	TimestampTz at;
	char		failure[INGEST_SHARE_TEXT];
	int			pid;
	IngestCounters *counters = ingest_share_look(worker, &pid, &at, failure);

	return pid == 0 ? NULL : counters;
}

static void
ingest_metrics_append_head(MetricsText *text, const char *name,
						   const char *type, const char *help)
{
	ingest_metrics_append(text, "# HELP %s %s\n# TYPE %s %s\n", name, help,
						  name, type);
}

static void
ingest_metrics_append_metric(MetricsText *text, const Metric *metric)
{
	int			worker;

	ingest_metrics_append_head(text, metric->name, metric->type, metric->help);
	for (worker = 0; worker < INGEST_SHARE_WORKERS; worker++)
	{
		IngestCounters *counters = ingest_metrics_worker(worker);

		if (counters != NULL)
			ingest_metrics_append(text, "%s{worker=\"%d\"} %.17g\n",
								  metric->name, worker, metric->scale *
								  (double) pg_atomic_read_u64((pg_atomic_uint64 *)
															  ((char *) counters + metric->offset)));
	}
}

static void
ingest_metrics_append_rejected(MetricsText *text)
{
	const char *name = "rusts_ingest_rejected_lines_total";
	int			worker;
	int			i;

	ingest_metrics_append_head(text, name, "counter",
							   "Lines that were not stored.");
	for (worker = 0; worker < INGEST_SHARE_WORKERS; worker++)
	{
		IngestCounters *counters = ingest_metrics_worker(worker);

		for (i = 0; counters != NULL && i < INGEST_REJECT_COUNT; i++)
			ingest_metrics_append(text,
								  "%s{worker=\"%d\",reason=\"%s\"} " UINT64_FORMAT "\n",
								  name, worker, ingest_share_reject_name(i),
								  pg_atomic_read_u64(&counters->rejected[i]));
	}
}

char *
ingest_metrics_text(void)
{
	MetricsText text = {malloc(METRICS_SIZE), 0};
	int			i;

	if (text.data == NULL)
		return NULL;
	text.data[0] = '\0';
	for (i = 0; i < lengthof(metrics); i++)
		ingest_metrics_append_metric(&text, &metrics[i]);
	ingest_metrics_append_rejected(&text);
	return text.data;
}
