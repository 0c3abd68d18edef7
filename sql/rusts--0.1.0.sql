/* rusts 0.1.0: run by CREATE EXTENSION rusts, never on its own */
\echo Use "CREATE EXTENSION rusts" to load this file. \quit

CREATE SCHEMA rusts;

CREATE FUNCTION rusts.table_handler(internal)
RETURNS table_am_handler
AS 'MODULE_PATHNAME', 'rusts_table_handler'
LANGUAGE C STRICT;

CREATE ACCESS METHOD rusts TYPE TABLE HANDLER rusts.table_handler;
COMMENT ON ACCESS METHOD rusts IS 'time series tables: heap rows in front of columnar segments';

/*
 * Functions that people write in queries (src/timefn)
 *
 * Those live in the schema given to CREATE EXTENSION, so that they resolve
 * unqualified; their support functions are internals.
 */

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamptz)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'rusts_time_bucket_timestamp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamptz)
IS 'start of the bucket that holds ts in UTC';

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamptz, origin timestamptz)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'rusts_time_bucket_timestamp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamptz, origin timestamptz)
IS 'start of the bucket that holds ts in UTC; one bucket starts at origin';

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamptz, "offset" interval)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'rusts_time_bucket_timestamp_offset'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamptz, "offset" interval)
IS 'start of the bucket that holds ts in UTC; all buckets are moved by offset';

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamp)
RETURNS timestamp
AS 'MODULE_PATHNAME', 'rusts_time_bucket_timestamp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamp)
IS 'start of the bucket that holds ts';

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamp, origin timestamp)
RETURNS timestamp
AS 'MODULE_PATHNAME', 'rusts_time_bucket_timestamp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamp, origin timestamp)
IS 'start of the bucket that holds ts; one bucket starts at origin';

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamp, "offset" interval)
RETURNS timestamp
AS 'MODULE_PATHNAME', 'rusts_time_bucket_timestamp_offset'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamp, "offset" interval)
IS 'start of the bucket that holds ts; all buckets are moved by offset';

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamptz, timezone text, origin timestamptz DEFAULT NULL, "offset" interval DEFAULT NULL)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'rusts_time_bucket_timezone'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts timestamptz, timezone text, origin timestamptz, "offset" interval)
IS 'start of the bucket that holds ts in the local time of timezone';

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts date)
RETURNS date
AS 'MODULE_PATHNAME', 'rusts_time_bucket_date'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts date)
IS 'first day of the bucket that holds ts';

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts date, origin date)
RETURNS date
AS 'MODULE_PATHNAME', 'rusts_time_bucket_date'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts date, origin date)
IS 'first day of the bucket that holds ts; one bucket starts at origin';

CREATE FUNCTION @extschema@.time_bucket(bucket_width interval, ts date, "offset" interval)
RETURNS date
AS 'MODULE_PATHNAME', 'rusts_time_bucket_date_offset'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width interval, ts date, "offset" interval)
IS 'first day of the bucket that holds ts; all buckets are moved by offset';

CREATE FUNCTION @extschema@.time_bucket(bucket_width smallint, ts smallint)
RETURNS smallint
AS 'MODULE_PATHNAME', 'rusts_time_bucket_int2'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width smallint, ts smallint)
IS 'start of the bucket that holds ts, in its own unit';

CREATE FUNCTION @extschema@.time_bucket(bucket_width smallint, ts smallint, "offset" smallint)
RETURNS smallint
AS 'MODULE_PATHNAME', 'rusts_time_bucket_int2'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width smallint, ts smallint, "offset" smallint)
IS 'start of the bucket that holds ts, in its own unit; all buckets are moved by offset';

CREATE FUNCTION @extschema@.time_bucket(bucket_width integer, ts integer)
RETURNS integer
AS 'MODULE_PATHNAME', 'rusts_time_bucket_int4'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width integer, ts integer)
IS 'start of the bucket that holds ts, in its own unit';

CREATE FUNCTION @extschema@.time_bucket(bucket_width integer, ts integer, "offset" integer)
RETURNS integer
AS 'MODULE_PATHNAME', 'rusts_time_bucket_int4'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width integer, ts integer, "offset" integer)
IS 'start of the bucket that holds ts, in its own unit; all buckets are moved by offset';

CREATE FUNCTION @extschema@.time_bucket(bucket_width bigint, ts bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'rusts_time_bucket_int8'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width bigint, ts bigint)
IS 'start of the bucket that holds ts, in its own unit';

CREATE FUNCTION @extschema@.time_bucket(bucket_width bigint, ts bigint, "offset" bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'rusts_time_bucket_int8'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_bucket(bucket_width bigint, ts bigint, "offset" bigint)
IS 'start of the bucket that holds ts, in its own unit; all buckets are moved by offset';

CREATE FUNCTION rusts.first_trans(internal, anyelement, "any")
RETURNS internal
AS 'MODULE_PATHNAME', 'rusts_first_trans'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION rusts.first_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'rusts_first_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION rusts.last_trans(internal, anyelement, "any")
RETURNS internal
AS 'MODULE_PATHNAME', 'rusts_last_trans'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION rusts.last_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'rusts_last_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION rusts.first_last_serialize(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rusts_first_last_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION rusts.first_last_deserialize(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'rusts_first_last_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION rusts.first_last_final(internal, anyelement, "any")
RETURNS anyelement
AS 'MODULE_PATHNAME', 'rusts_first_last_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE @extschema@.first(value anyelement, "time" "any") (
	SFUNC = rusts.first_trans, STYPE = internal,
	COMBINEFUNC = rusts.first_combine,
	SERIALFUNC = rusts.first_last_serialize,
	DESERIALFUNC = rusts.first_last_deserialize,
	FINALFUNC = rusts.first_last_final, FINALFUNC_EXTRA,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.first(value anyelement, "time" "any")
IS 'value of the row with the smallest time';

CREATE AGGREGATE @extschema@.last(value anyelement, "time" "any") (
	SFUNC = rusts.last_trans, STYPE = internal,
	COMBINEFUNC = rusts.last_combine,
	SERIALFUNC = rusts.first_last_serialize,
	DESERIALFUNC = rusts.first_last_deserialize,
	FINALFUNC = rusts.first_last_final, FINALFUNC_EXTRA,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.last(value anyelement, "time" "any")
IS 'value of the row with the largest time';

CREATE AGGREGATE @extschema@.mean(value double precision) (
	SFUNC = pg_catalog.float8_accum, STYPE = double precision[],
	INITCOND = '{0,0,0}',
	COMBINEFUNC = pg_catalog.float8_combine,
	FINALFUNC = pg_catalog.float8_avg,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.mean(value double precision)
IS 'arithmetic mean, the same as avg';

CREATE FUNCTION rusts.percentile_trans(internal, double precision, double precision)
RETURNS internal
AS 'MODULE_PATHNAME', 'rusts_percentile_trans'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION rusts.percentile_final(internal)
RETURNS double precision
AS 'MODULE_PATHNAME', 'rusts_percentile_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE @extschema@.percentile(value double precision, fraction double precision) (
	SFUNC = rusts.percentile_trans, STYPE = internal,
	FINALFUNC = rusts.percentile_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.percentile(value double precision, fraction double precision)
IS 'exact percentile with linear interpolation, the same as percentile_cont';

CREATE FUNCTION rusts.histogram_trans(internal, double precision, double precision, double precision, integer)
RETURNS internal
AS 'MODULE_PATHNAME', 'rusts_histogram_trans'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION rusts.histogram_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'rusts_histogram_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION rusts.histogram_serialize(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rusts_histogram_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION rusts.histogram_deserialize(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'rusts_histogram_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION rusts.histogram_final(internal)
RETURNS integer[]
AS 'MODULE_PATHNAME', 'rusts_histogram_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE @extschema@.histogram(value double precision, min double precision, max double precision, nbuckets integer) (
	SFUNC = rusts.histogram_trans, STYPE = internal,
	COMBINEFUNC = rusts.histogram_combine,
	SERIALFUNC = rusts.histogram_serialize,
	DESERIALFUNC = rusts.histogram_deserialize,
	FINALFUNC = rusts.histogram_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.histogram(value double precision, min double precision, max double precision, nbuckets integer)
IS 'counts of values below min, in nbuckets equal buckets, and at or above max';

/* ---------- line protocol ---------- */

CREATE FUNCTION rusts.parse_lines(lines text, "precision" text DEFAULT 'ns',
	OUT line integer, OUT measurement text, OUT tags jsonb, OUT fields jsonb,
	OUT ts timestamptz, OUT error text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rusts_parse_lines' LANGUAGE C IMMUTABLE PARALLEL SAFE STRICT;
COMMENT ON FUNCTION rusts.parse_lines(text, text) IS 'what lines of line protocol say, or why they are bad; a row each';

/* ---------- tables and segments ---------- */

CREATE FUNCTION rusts.version() RETURNS text
AS 'MODULE_PATHNAME', 'rusts_version' LANGUAGE C IMMUTABLE PARALLEL SAFE STRICT;
COMMENT ON FUNCTION rusts.version() IS 'version of the loaded rusts library';

CREATE FUNCTION rusts.flush(relation regclass) RETURNS bigint
AS 'MODULE_PATHNAME', 'rusts_flush' LANGUAGE C VOLATILE PARALLEL UNSAFE STRICT;
COMMENT ON FUNCTION rusts.flush(regclass) IS 'move hot rows into segments now; returns how many moved';

CREATE FUNCTION @extschema@.drop_chunks(relation regclass, older_than "any" DEFAULT NULL::interval, newer_than "any" DEFAULT NULL::interval) RETURNS SETOF text
AS 'MODULE_PATHNAME', 'rusts_drop_chunks' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.drop_chunks(regclass, "any", "any") IS 'drop rows older or newer than a time now; a line per partition window';

CREATE FUNCTION @extschema@.add_retention_policy(relation regclass, drop_after "any", if_not_exists boolean DEFAULT false, schedule_interval interval DEFAULT NULL) RETURNS integer
AS 'MODULE_PATHNAME', 'rusts_add_retention_policy' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.add_retention_policy(regclass, "any", boolean, interval) IS 'set rusts.drop_after of a table';

CREATE FUNCTION @extschema@.remove_retention_policy(relation regclass, if_exists boolean DEFAULT false) RETURNS void
AS 'MODULE_PATHNAME', 'rusts_remove_retention_policy' LANGUAGE C VOLATILE PARALLEL UNSAFE STRICT;
COMMENT ON FUNCTION @extschema@.remove_retention_policy(regclass, boolean) IS 'reset rusts.drop_after of a table';

CREATE FUNCTION rusts.compact(relation regclass, "full" boolean DEFAULT false) RETURNS bigint
AS 'MODULE_PATHNAME', 'rusts_compact' LANGUAGE C VOLATILE PARALLEL UNSAFE STRICT;
COMMENT ON FUNCTION rusts.compact(regclass, boolean) IS 'merge small segments and leave out deleted rows now; returns how many segments were written anew';

CREATE FUNCTION rusts.segments(relation regclass,
	OUT segment_id bigint, OUT partition_start text, OUT tier text,
	OUT rows bigint, OUT deleted_rows bigint,
	OUT min_time text, OUT max_time text,
	OUT raw_bytes bigint, OUT compressed_bytes bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rusts_segments' LANGUAGE C STABLE PARALLEL RESTRICTED STRICT;
COMMENT ON FUNCTION rusts.segments(regclass) IS 'segments of a table, one row each';

CREATE FUNCTION rusts.segment_columns(relation regclass,
	OUT segment_id bigint, OUT column_name name, OUT encoding text,
	OUT compression text, OUT raw_bytes bigint, OUT compressed_bytes bigint,
	OUT null_count bigint, OUT min_value text, OUT max_value text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rusts_segment_columns' LANGUAGE C STABLE PARALLEL RESTRICTED STRICT;
COMMENT ON FUNCTION rusts.segment_columns(regclass) IS 'columns of each segment of a table: encoding, compression, sizes, bounds';

CREATE FUNCTION rusts.verify(relation regclass,
	OUT severity text, OUT segment_id bigint, OUT column_name name,
	OUT message text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rusts_verify' LANGUAGE C VOLATILE PARALLEL UNSAFE STRICT;
COMMENT ON FUNCTION rusts.verify(regclass) IS 'read and check all segments of a table; no row means sound';

CREATE FUNCTION rusts.table_facts(relation oid,
	OUT time_column name, OUT tags text, OUT hot_rows bigint,
	OUT hot_bytes bigint, OUT segments bigint, OUT segment_rows bigint,
	OUT deleted_rows bigint, OUT raw_bytes bigint,
	OUT compressed_bytes bigint, OUT compression_ratio float8,
	OUT min_time text, OUT max_time text, OUT last_flush timestamptz)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rusts_table_facts' LANGUAGE C STABLE PARALLEL RESTRICTED STRICT;
COMMENT ON FUNCTION rusts.table_facts(oid) IS 'facts behind the view rusts.tables; no row for tables the caller may not read';

/*
 * What maintenance did (src/write/worklog.c).  Whoever owns a relation may know
 * what was done to it, and who reads all statistics what was done to all.
 */
CREATE MATERIALIZED VIEW rusts.maintenance_entries USING heap AS
SELECT NULL::timestamptz AS at, NULL::oid AS relation, NULL::text AS operation,
	NULL::bigint AS rows, NULL::bigint AS bytes, NULL::interval AS duration,
	NULL::text AS error
WHERE false;
COMMENT ON MATERIALIZED VIEW rusts.maintenance_entries IS 'rows behind the view rusts.maintenance_log; REFRESH removes them';

CREATE VIEW rusts.maintenance_log WITH (security_barrier) AS
SELECT e.at, e.relation::regclass AS relation, e.operation, e.rows, e.bytes,
	e.duration, e.error
FROM rusts.maintenance_entries e
LEFT JOIN pg_catalog.pg_class c ON c.oid = e.relation
WHERE pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
	OR pg_catalog.pg_has_role(c.relowner, 'USAGE');
COMMENT ON VIEW rusts.maintenance_log IS 'what maintenance has done to rusts tables of this database, and what failed';

CREATE VIEW rusts.tables AS
SELECT c.oid::regclass AS relation, f.time_column, f.tags, f.hot_rows,
	f.hot_bytes, f.segments, f.segment_rows, f.deleted_rows, f.raw_bytes,
	f.compressed_bytes, round(f.compression_ratio::numeric, 2) AS compression_ratio,
	f.min_time, f.max_time, f.last_flush,
	(SELECT max(e.at) FROM rusts.maintenance_entries e
		WHERE e.relation = c.oid AND e.operation = 'compaction'
			AND e.error IS NULL) AS last_compaction
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_am a ON a.oid = c.relam AND a.amname = 'rusts'
CROSS JOIN LATERAL rusts.table_facts(c.oid) f
WHERE c.relkind IN ('r', 'm');
COMMENT ON VIEW rusts.tables IS 'rusts tables of this database: options, hot rows, segments, sizes';

CREATE FUNCTION rusts.progress_facts(OUT pid integer, OUT relation regclass,
	OUT operation text, OUT phase text, OUT rows_done bigint,
	OUT rows_total bigint, OUT bytes_done bigint, OUT started_at timestamptz)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rusts_progress' LANGUAGE C STABLE PARALLEL RESTRICTED STRICT;
COMMENT ON FUNCTION rusts.progress_facts() IS 'facts behind the view rusts.progress';

CREATE VIEW rusts.progress AS
SELECT p.pid, p.relation, p.operation, p.phase, p.rows_done, p.rows_total,
	p.bytes_done, p.started_at
FROM rusts.progress_facts() p;
COMMENT ON VIEW rusts.progress IS 'flushes, compactions, retention and index builds under way in this database';

/* ---------- the ingest worker (src/ingest) ---------- */

CREATE FUNCTION rusts.ingest_stats_facts(OUT worker integer, OUT pid integer,
	OUT requests bigint, OUT writes bigint, OUT lines bigint,
	OUT points bigint, OUT bytes bigint, OUT rejected_syntax bigint,
	OUT rejected_type bigint, OUT rejected_schema bigint,
	OUT rejected_constraint bigint, OUT rejected_privilege bigint,
	OUT rejected_other bigint, OUT rounded_timestamps bigint,
	OUT refused_writes bigint, OUT auth_failures bigint,
	OUT dropped_datagrams bigint, OUT connections bigint,
	OUT queries bigint, OUT queue_bytes bigint, OUT transactions bigint,
	OUT commit_ms float8, OUT flush_lag_ms float8, OUT last_error text,
	OUT last_error_at timestamptz)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rusts_ingest_stats' LANGUAGE C VOLATILE PARALLEL RESTRICTED STRICT;
COMMENT ON FUNCTION rusts.ingest_stats_facts() IS 'facts behind the view rusts.ingest_stats';
REVOKE EXECUTE ON FUNCTION rusts.ingest_stats_facts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rusts.ingest_stats_facts() TO pg_read_all_stats;

CREATE VIEW rusts.ingest_stats AS
SELECT s.worker, s.pid, s.requests, s.writes, s.lines, s.points, s.bytes,
	s.rejected_syntax + s.rejected_type + s.rejected_schema
		+ s.rejected_constraint + s.rejected_privilege + s.rejected_other AS rejected,
	s.rejected_syntax, s.rejected_type, s.rejected_schema,
	s.rejected_constraint, s.rejected_privilege, s.rejected_other,
	s.rounded_timestamps, s.refused_writes, s.auth_failures,
	s.dropped_datagrams, s.connections, s.queries, s.queue_bytes,
	s.transactions, s.commit_ms, s.flush_lag_ms, s.last_error, s.last_error_at
FROM rusts.ingest_stats_facts() s;
COMMENT ON VIEW rusts.ingest_stats IS 'what each ingest worker has done since the server started';
GRANT SELECT ON rusts.ingest_stats TO pg_read_all_stats;

CREATE FUNCTION rusts.ingest_errors_facts(OUT at timestamptz, OUT role name,
	OUT kind text, OUT line bigint, OUT measurement text, OUT text text,
	OUT reason text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rusts_ingest_errors' LANGUAGE C VOLATILE PARALLEL RESTRICTED STRICT;
COMMENT ON FUNCTION rusts.ingest_errors_facts() IS 'facts behind the view rusts.ingest_errors';

CREATE VIEW rusts.ingest_errors AS
SELECT e.at, e.role, e.kind, e.line, e.measurement, e.text, e.reason
FROM rusts.ingest_errors_facts() e;
COMMENT ON VIEW rusts.ingest_errors IS 'lines that ingest workers could not store, the latest 256: of all roles for members of pg_read_all_stats, of one''s own otherwise';

GRANT USAGE ON SCHEMA rusts TO PUBLIC;
GRANT SELECT ON rusts.tables, rusts.progress, rusts.maintenance_log, rusts.ingest_errors TO PUBLIC;
