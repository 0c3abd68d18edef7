-- Groups in the order of time buckets, handed out before all is read: the same rows in the same order.
SET client_min_messages = warning;
CREATE TABLE stream (time timestamptz, day date, at timestamp, n bigint, host text, v float8)
	USING rusts WITH (rusts.time = 'time', rusts.tags = 'host', rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = 0);
CREATE FUNCTION add_rows(first int, last int, out_of_order int DEFAULT 0) RETURNS void LANGUAGE sql AS $$
	INSERT INTO stream SELECT t, t::date, t AT TIME ZONE 'UTC', (extract(epoch FROM t)::bigint - 1729900000), 'host_' || g % 17, g % 100
	FROM generate_series(first, last) g, LATERAL (SELECT '2024-10-26 21:00+00'::timestamptz + g * interval '7 s' - (g % 5 = 0)::int * out_of_order * interval '1 s' AS t) x;
$$;
-- segments that overlap in time, not in the order of it, and hot rows
SELECT add_rows(30001, 45000);
SELECT rusts.flush('stream');
SELECT add_rows(1, 15000);
SELECT rusts.flush('stream');
SELECT add_rows(15001, 30000, 40000);
SELECT rusts.flush('stream');
SELECT add_rows(45001, 60000, 5000);
SELECT rusts.flush('stream');
SELECT add_rows(60001, 75000);
SELECT rusts.flush('stream');
INSERT INTO stream SELECT t, t::date, t AT TIME ZONE 'UTC', 11, 'hot', 1 FROM generate_series(1, 500) g, LATERAL (SELECT '2024-10-27 12:00+00'::timestamptz + g * interval '4 m' AS t) x;
VACUUM ANALYZE stream;
SET TimeZone = 'UTC';
SET max_parallel_workers_per_gather = 0;

EXPLAIN (COSTS OFF) SELECT time_bucket('10 m', time) AS b, host, sum(v) FROM stream GROUP BY b, host ORDER BY b, host;
EXPLAIN (COSTS OFF) SELECT time_bucket('10 m', time) AS b, host, sum(v) FROM stream GROUP BY b, host ORDER BY host, b;

CREATE FUNCTION counted(query text, what text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
	RETURN jsonb_path_query_first(plan, format('$.**."%s"', what)::jsonpath)::bigint;
END $$;
-- rows, are they the same as without streaming, and are there groups before the end?
CREATE FUNCTION compare(query text, OUT n bigint, OUT same bool, OUT early bool) LANGUAGE plpgsql AS $$
DECLARE
	digest text := 'SELECT count(*), md5(string_agg(x::text, '','')) FROM (%s) x';
	expected text;
	got text;
BEGIN
	EXECUTE format(digest, query) INTO n, got;
	early := counted(query, 'Streamed Groups') > 0;
	SET LOCAL rusts.enable_ordered_scan = off;
	EXECUTE format(digest, query) INTO n, expected;
	RESET rusts.enable_ordered_scan;
	same := got = expected;
END $$;
CREATE TABLE queries (id int GENERATED ALWAYS AS IDENTITY, query text);
INSERT INTO queries (query) VALUES
('SELECT time_bucket(''10 m'', time) AS b, host, sum(v), count(*) FROM stream GROUP BY b, host ORDER BY b, host'),
('SELECT time_bucket(''10 m'', time) AS b, host, sum(v) FROM stream GROUP BY b, host ORDER BY b DESC, host'),
('SELECT time_bucket(''10 m'', time) AS b, host, sum(v) FROM stream GROUP BY b, host ORDER BY b DESC NULLS LAST, host DESC'),
('SELECT time_bucket(''10 m'', time) AS b, host, sum(v) FROM stream GROUP BY b, host ORDER BY b NULLS FIRST, host'),
('SELECT time_bucket(''10 m'', time, ''3 m''::interval) AS b, host, first(v, time) FROM stream WHERE v > 20 GROUP BY b, host HAVING count(*) > 2 ORDER BY b, host'),
('SELECT time_bucket(''1 h'', time, ''Europe/Berlin'') AS b, host, v, count(*) FROM stream GROUP BY b, host, v ORDER BY b, host, v'),
('SELECT time_bucket(''1 month'', time) AS b, host, v, count(*) FROM stream GROUP BY b, host, v ORDER BY b, host, v'),
('SELECT date_trunc(''hour'', time) AS b, host, v, min(v) FROM stream GROUP BY b, host, v ORDER BY b, host, v'),
('SELECT date_trunc(''day'', time) AS b, host, v, min(v) FROM stream GROUP BY b, host, v ORDER BY b, host, v'),
('SELECT date_trunc(''minute'', at) AS b, host, max(v) FROM stream GROUP BY b, host ORDER BY b, host'),
('SELECT date_bin(''7 m'', time, ''2001-01-01+00'') AS b, host, stddev(v) > 28 FROM stream GROUP BY b, host ORDER BY b, host'),
('SELECT date_bin(''7 m'', time, ''2031-01-01+00'') AS b, host, avg(v) FROM stream GROUP BY b, host ORDER BY b, host'),
('SELECT time_bucket(1000, n) AS b, host, count(v) FROM stream GROUP BY b, host ORDER BY b, host'),
('SELECT time_bucket(1000, n, -7) AS b, host, count(v) FROM stream GROUP BY b, host ORDER BY b DESC NULLS LAST, host'),
('SELECT time_bucket(''1 d'', day) AS b, host, v, count(*) FROM stream GROUP BY b, host, v ORDER BY b, host, v'),
('SELECT time, count(*) FROM stream GROUP BY time ORDER BY time'),
('SELECT n, host, count(*) FROM stream GROUP BY n, host ORDER BY n DESC NULLS LAST, host'),
('SELECT DISTINCT time_bucket(''1 m'', time) AS b, host FROM stream ORDER BY b, host'),
('SELECT time_bucket(NULL, time) AS b, host, v, count(*) FROM stream GROUP BY b, host, v ORDER BY b, host, v'),
('SELECT time_bucket(''10 m'', time) AS b, host, count(*) FROM stream WHERE time >= ''2024-10-28+00'' GROUP BY b, host ORDER BY b, host LIMIT 100'),
('SELECT time_bucket(''10 m'', time) AS b, host, count(*) FROM stream GROUP BY b, host ORDER BY b, host OFFSET 5000 LIMIT 100');
SELECT id, compare.* FROM queries, compare(query) ORDER BY id;
-- where local time repeats itself, by half an hour, and by an hour at one minute past midnight
SET TimeZone = 'Australia/Lord_Howe';
SELECT id, compare.* FROM queries, compare(query) WHERE id IN (8, 9) ORDER BY id;
SET TimeZone = 'America/St_Johns';
SELECT id, compare.* FROM queries, compare(query) WHERE id IN (8, 9) ORDER BY id;
SET TimeZone = 'UTC';

-- NULLs in hot rows, and in segments
INSERT INTO stream SELECT NULL, NULL, NULL, NULL, 'host_' || g, g FROM generate_series(1, 5) g;
SELECT id, compare.* FROM queries, compare(query) WHERE id IN (1, 2, 3, 4, 10, 13) ORDER BY id;
SELECT rusts.flush('stream');
SELECT id, compare.* FROM queries, compare(query) WHERE id IN (1, 2, 3, 4, 10, 13) ORDER BY id;

-- more groups than memory holds, and than expected: what is out stays out, the rest goes to disk
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
ALTER TABLE stream ALTER n SET (n_distinct = 3);
ANALYZE stream;
INSERT INTO queries (query) VALUES ('SELECT time_bucket(''20 m'', time) AS b, n, min(v), max(v), sum(v), avg(v), stddev(v) > 0, count(*), first(v, time), last(v, time) FROM stream GROUP BY b, n ORDER BY b, n');
SELECT counted(query, 'Disk Usage') > 0 AS spilled FROM queries WHERE id = 22;
SELECT compare.* FROM queries, compare(query) WHERE id = 22;
RESET work_mem;
RESET hash_mem_multiplier;

-- months that an offset moves by months and days can begin after what is in them: these do not count as buckets
CREATE TABLE months (time timestamptz, host text) USING rusts WITH (rusts.time = 'time', rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = 0);
INSERT INTO months SELECT d + g * interval '1 s', 'host_' || g FROM unnest(ARRAY['2023-03-30+00', '2023-03-31+00', '2023-04-01+00']::timestamptz[]) d, generate_series(1, CASE WHEN d < '2023-03-31+00' THEN 10 ELSE 1000 END) g;
SELECT rusts.flush('months');
INSERT INTO months VALUES ('2023-04-10+00', 'hot');
VACUUM ANALYZE months;
CREATE FUNCTION bucket_is_known(bucket text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE format('EXPLAIN (FORMAT JSON) SELECT %s AS b, host, count(*) FROM months GROUP BY b, host ORDER BY b, host', bucket) INTO plan;
	RETURN jsonb_path_exists(plan, '$.**."Streamed By"');
END $$;
SELECT bucket, bucket_is_known(bucket), compare.* FROM unnest(ARRAY[
	'time_bucket(''1 month'', time, ''1 month 30 days''::interval)',
	'time_bucket(''1 month'', time, ''Europe/Berlin'', "offset" => ''1 month 30 days'')',
	'time_bucket(''1 month'', time, ''Europe/Berlin'', ''2001-01-31+01'', ''1 month'')',
	'time_bucket(''1 month'', time, ''Europe/Berlin'', "offset" => ''1 month'')',
	'time_bucket(''1 month'', time, ''3 months''::interval)',
	'time_bucket(''1 month'', time, ''30 days''::interval)',
	'time_bucket(''1 day'', time, ''1 month 30 days''::interval)']) bucket,
	compare(format('SELECT %s AS b, host, count(*) FROM months GROUP BY b, host ORDER BY b, host', bucket));
-- a width that is NULL: then so are all keys, and the group of NULLs is not complete with the hot rows
SET plan_cache_mode = force_generic_plan;
PREPARE by_width (interval) AS SELECT time_bucket($1, time) AS b, host, count(*) AS c FROM months GROUP BY b, host ORDER BY b DESC, host;
EXPLAIN (COSTS OFF) EXECUTE by_width (NULL);
CREATE TEMP TABLE of_null AS EXECUTE by_width (NULL);
SELECT count(*), sum(c) = (SELECT count(*) FROM months) AS all_rows FROM of_null;
DROP TABLE of_null;
DEALLOCATE by_width;
RESET plan_cache_mode;
DROP TABLE months;

-- executed step by step, and again
BEGIN;
DECLARE c CURSOR FOR SELECT time_bucket('10 m', time) AS b, host, count(*) FROM stream GROUP BY b, host ORDER BY b, host;
FETCH 2 FROM c;
MOVE 3000 FROM c;
FETCH 2 FROM c;
MOVE ALL FROM c;
FETCH 1 FROM c;
COMMIT;
SELECT x, count(*), min(b), max(b), sum(c) FROM generate_series(1, 3) x, LATERAL
	(SELECT time_bucket('10 m', time) AS b, host, count(*) c FROM stream WHERE v > x * 10 GROUP BY b, host ORDER BY b, host LIMIT 2000 + 1000 * x) t GROUP BY x ORDER BY x;

-- with others
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT time_bucket('10 m', time) AS b, host, sum(v) FROM stream GROUP BY b, host ORDER BY b, host;
SELECT id, n, same FROM queries, compare(query) ORDER BY id;
SELECT id, n, same FROM queries, compare(query), generate_series(1, 5) WHERE id IN (1, 2, 15) AND NOT same;
SET parallel_leader_participation = off;
SELECT id, n, same FROM queries, compare(query) ORDER BY id;
SELECT id, n, same FROM queries, compare(query), generate_series(1, 5) WHERE id IN (1, 2, 15) AND NOT same;
-- a row at a time: after each the job is over, and the session goes on alone
CREATE FUNCTION rows_of_stream() RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE AS
	'SELECT (b, host, c)::text FROM (SELECT time_bucket(''10 m'', time) AS b, host, count(*) c FROM stream GROUP BY b, host ORDER BY b, host) x';
SELECT count(*) AS n, md5(string_agg(r, ',')) AS digest FROM (SELECT rows_of_stream() AS r) x \gset mine_
SET rusts.enable_ordered_scan = off;
SET max_parallel_workers_per_gather = 0;
SELECT :mine_n AS n, count(*) = :mine_n AND md5(string_agg(r, ',')) = :'mine_digest' AS same FROM (SELECT rows_of_stream() AS r) x;
RESET rusts.enable_ordered_scan;
SET max_parallel_workers_per_gather = 2;
SELECT rows_of_stream() LIMIT 2;
RESET parallel_leader_participation;
SELECT count(*) AS n, md5(string_agg(r, ',')) = :'mine_digest' AS same FROM (SELECT rows_of_stream() AS r) x;
-- an error while rows come is the statement's alone, caught or not
SELECT b, 1 / (c - 1) FROM (SELECT time_bucket('1 m', time) AS b, host, count(*) c FROM stream GROUP BY b, host ORDER BY b, host) x;
DO $$
DECLARE
	n int := 0;
	r record;
BEGIN
	FOR i IN 1..5 LOOP
		BEGIN
			PERFORM b, 1 / (c - 1) FROM (SELECT time_bucket('1 m', time) AS b, host, count(*) c FROM stream GROUP BY b, host ORDER BY b, host) x;
		EXCEPTION WHEN division_by_zero THEN
			n := n + 1;
		END;
		PERFORM sum(v) FROM stream;
	END LOOP;
	RAISE INFO 'caught %', n;
END $$;
-- exceptions caught between its rows do not end it
CREATE FUNCTION risky(x bigint) RETURNS bigint LANGUAGE plpgsql PARALLEL RESTRICTED AS $$
BEGIN
	RETURN 1 / (x - 1);
EXCEPTION WHEN division_by_zero THEN
	RETURN (SELECT -count(*) FROM stream WHERE v < 0);
END $$;
SELECT count(*), sum(r) FROM (SELECT b, risky(c) AS r FROM (SELECT time_bucket('1 m', time) AS b, host, count(*) c FROM stream WHERE v < 10 GROUP BY b, host ORDER BY b, host OFFSET 0) x) y;
DROP TABLE stream, queries;
