--
-- first, last, mean, percentile, histogram
--
SET extra_float_digits = 1;
CREATE TABLE readings (
	ts timestamptz, device int, v float8, note text
);
INSERT INTO readings
SELECT timestamptz '2024-01-01 00:00+00' + ((i * 7919) % 20000) * interval '1 s', i % 7,
	CASE WHEN i % 11 <> 0 THEN ((i * 31) % 1000) / 10.0 END, 'note ' || i
FROM generate_series(1, 20000) i;

--
-- first and last
--
CREATE VIEW ends AS
SELECT device, first(v, ts) AS first_v, last(v, ts) AS last_v,
	first(note, ts) AS first_note, last(note, ts) AS last_note,
	first(ts, ts) AS first_ts, last(device, ts) AS last_device
FROM readings GROUP BY device;
CREATE VIEW ends_by_sort AS
SELECT DISTINCT device,
	first_value(v) OVER up AS first_v, first_value(v) OVER down AS last_v,
	first_value(note) OVER up AS first_note, first_value(note) OVER down AS last_note,
	min(ts) OVER (PARTITION BY device) AS first_ts, device AS last_device
FROM readings
WINDOW up AS (PARTITION BY device ORDER BY ts), down AS (PARTITION BY device ORDER BY ts DESC);
SELECT * FROM ends ORDER BY device;
SELECT * FROM ends EXCEPT SELECT * FROM ends_by_sort;
SELECT * FROM ends_by_sort EXCEPT SELECT * FROM ends;

-- A NULL value counts, a row with a NULL time does not.
SELECT first(v, t), last(v, t), first(v, t) IS NULL AS first_is_null
FROM (VALUES (NULL::int, 1), (2, 2), (3, NULL)) r (v, t);
SELECT first(v, t), last(v, t) FROM (VALUES (1, NULL::int), (2, NULL)) r (v, t);
SELECT first(v, t), last(v, t) FROM (VALUES (1, 1)) r (v, t) WHERE false;

-- Equal times: first keeps the row seen first, last the one seen last.
SELECT first(v, 1), last(v, 1) FROM unnest('{a,b,c}'::text[]) v;
SELECT first(v, t), last(v, t)
FROM (VALUES ('a', 0.0::float8), ('b', '-0'), ('c', 'NaN'), ('d', 'NaN')) r (v, t);

-- Any type of value, any sortable type of time.
SELECT first(n, n) AS numeric_first, last(n::text, n) AS numeric_last
FROM unnest('{3.10,-7,NaN,2}'::numeric[]) n;
SELECT first(a, t) AS by_array, last(a, t) FROM (VALUES ('{1,2}'::int[], '{2}'::int[]), ('{3}', '{1,9}')) r (a, t);
SELECT first(j, t) AS by_date, last(row(j, t), t) AS last_row
FROM (VALUES ('{"a":1}'::jsonb, date '2024-02-01'), ('{"b":2}', '2023-02-01')) r (j, t);
SELECT last(b, u) AS by_uuid FROM (VALUES (true, '00000000-0000-0000-0000-000000000001'::uuid), (false, '00000000-0000-0000-0000-000000000002')) r (b, u);
SELECT first(x, x::text COLLATE "C") AS by_text, last(x::name, x::name) AS by_name FROM unnest('{b,B,a}'::text[]) x;
SELECT first(p, i) AS unsortable_value FROM (VALUES (point '(1,2)', interval '1 day'), ('(3,4)', '23 hours')) r (p, i);

-- Values stored out of line survive, in many groups and in a window.
CREATE TABLE wide (k int, ts int, body text);
ALTER TABLE wide ALTER body SET STORAGE EXTERNAL;
INSERT INTO wide SELECT i % 3, i, repeat(chr(97 + i % 26), 20000 + i) FROM generate_series(1, 30) i;
SELECT k, length(first(body, ts)) AS f, length(last(body, ts)) AS l, left(last(body, ts), 1) AS c
FROM wide GROUP BY k ORDER BY k;
SELECT ts, length(last(body, ts) OVER (ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)) AS l
FROM wide WHERE ts < 5 ORDER BY ts;
SELECT k, first(body, ts) FILTER (WHERE ts < 0) IS NULL AS no_rows FROM wide GROUP BY k ORDER BY k;

-- Errors.
SELECT first(1, point '(1,2)');
SELECT last(1, '{}'::json);

--
-- mean
--
SELECT device, mean(v) = avg(v) AS same FROM readings GROUP BY device ORDER BY device;
SELECT mean(x) FROM unnest('{1,2,NULL,4}'::float8[]) x;
SELECT mean(x) FROM unnest('{1,2,4}'::int[]) x;
SELECT mean(x) AS none, mean(NULL::float8) AS only_null FROM unnest('{}'::float8[]) x;
SELECT mean(x) FROM unnest('{1,NaN,Infinity}'::float8[]) x;

--
-- percentile
--
SELECT f, count(*) AS groups,
	count(*) FILTER (WHERE p IS DISTINCT FROM q) AS wrong
FROM unnest('{0,0.001,0.25,0.5,0.9,0.95,0.99,1}'::float8[]) f,
	LATERAL (SELECT percentile(v, f) AS p, percentile_cont(f) WITHIN GROUP (ORDER BY v) AS q
		FROM readings GROUP BY device, ts < '2024-01-01 01:00+00') g
GROUP BY f ORDER BY f;

-- Every size from none to some, many equal values, NaN and infinities.
SELECT n, f FROM generate_series(0, 70) n, unnest('{0,0.1,0.5,0.77,1}'::float8[]) f,
	LATERAL (SELECT percentile(x, f) AS p, percentile_cont(f) WITHIN GROUP (ORDER BY x) AS q
		FROM (SELECT CASE (i * 7 + n) % 13 WHEN 0 THEN float8 'NaN' WHEN 1 THEN NULL WHEN 2 THEN 'Infinity'
				WHEN 3 THEN '-Infinity' WHEN 4 THEN '-0' ELSE (i * i * 31 + n) % 17 END::float8 AS x
			FROM generate_series(1, n) i) s) r
WHERE p IS DISTINCT FROM q;

-- Ascending, descending, organ pipe, sawtooth, all equal: selection stays linear.
SELECT shape, percentile(x, 0.3) = percentile_cont(0.3) WITHIN GROUP (ORDER BY x) AS same
FROM generate_series(1, 30000) i,
	LATERAL (VALUES ('up', i), ('down', -i), ('pipe', least(i, 30000 - i)), ('saw', i % 10), ('flat', 1)) v (shape, x)
GROUP BY shape ORDER BY shape;

-- Past work_mem the state is sorted on disk.
SET work_mem = '64kB';
SELECT f, percentile(v, f) = percentile_cont(f) WITHIN GROUP (ORDER BY v) AS same
FROM readings, unnest('{0,0.123,0.5,1}'::float8[]) f GROUP BY f ORDER BY f;
SELECT device, percentile(v, 0.5) = percentile_cont(0.5) WITHIN GROUP (ORDER BY v) AS same,
	percentile(v + i, 0.9) = percentile_cont(0.9) WITHIN GROUP (ORDER BY v + i) AS same_too
FROM readings, generate_series(1, 4) i GROUP BY device ORDER BY device;
-- as a window function it stays in memory, and may be asked again and again
SELECT count(*) AS asked, max(median) FROM (
	SELECT percentile(i, 0.5) OVER (ORDER BY i RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS median
	FROM generate_series(1, 20000, 1) i, LATERAL (SELECT 1) one WHERE i < 9000 OR i = 20000 OFFSET 8990) s;
RESET work_mem;
SELECT i, percentile(i, 0.5) OVER (ORDER BY i ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS median
FROM generate_series(1, 6) i ORDER BY i;

SELECT percentile(x, 0.5) AS none FROM unnest('{}'::float8[]) x;
SELECT percentile(x, 0.5) AS only_null FROM unnest('{NULL,NULL}'::float8[]) x;
SELECT percentile(x, NULL) AS null_fraction FROM unnest('{1,2}'::float8[]) x;
SELECT percentile(x, 0.25) AS of_int FROM unnest('{1,2,3,4}'::int[]) x;

-- Errors.
SELECT percentile(x, 1.01) FROM unnest('{1,2}'::float8[]) x;
SELECT percentile(x, -0.5) FROM unnest('{1,2}'::float8[]) x;
SELECT percentile(x, 'NaN') FROM unnest('{1,2}'::float8[]) x;
SELECT percentile(x, x) FROM unnest('{0.1,0.2}'::float8[]) x;
SELECT percentile(x, f) FROM (VALUES (1, 0.5), (2, NULL)) r (x, f);
SELECT percentile(x, f) FROM (VALUES (1, 0.5), (2, 95)) r (x, f);

--
-- histogram
--
SELECT histogram(x, 0, 10, 5) FROM unnest('{-1,0,1.99,2,5,9.99,10,11,NULL,NaN,Infinity,-Infinity}'::float8[]) x;
SELECT device, histogram(v, 20, 80, 4) = (
		SELECT array_agg((SELECT count(*)::int FROM readings s
			WHERE s.device = r.device AND width_bucket(s.v, 20, 80, 4) = b) ORDER BY b)
		FROM generate_series(0, 5) b) AS same,
	histogram(v, 20, 80, 4)
FROM readings r GROUP BY device ORDER BY device;
SELECT histogram(x, -5, 5, 1) AS one_bucket, array_length(histogram(x, 0, 1, 1000), 1) AS elements
FROM generate_series(-10, 10) x;
SELECT histogram(x, 0, 10, 5) AS none FROM unnest('{}'::float8[]) x;
SELECT histogram(x, 0, 10, 2) AS only_null FROM unnest('{NULL,NULL}'::float8[]) x;
SELECT i, histogram(i, 0, 4, 2) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
FROM generate_series(0, 4) i ORDER BY i;

-- Errors.
SELECT histogram(1, 10, 10, 5);
SELECT histogram(1, 10, 0, 5);
SELECT histogram(1, 'NaN', 0, 5);
SELECT histogram(1, 0, 'Infinity', 5);
SELECT histogram(1, 0, 10, 0);
SELECT histogram(1, 0, 10, 2000000000);
SELECT histogram(1, 0, NULL, 5);
SELECT histogram(1, 0, 10, n) FROM generate_series(1, 2) n;

--
-- Parallel plans give what serial plans give.
--
CREATE VIEW all_aggregates AS
SELECT device, first(note, ts) AS f, last(note, ts) AS l, first(v, ts) AS fv, last(device, ts) AS lv,
	round(mean(v)::numeric, 9) AS m, percentile(v, 0.5) AS p, histogram(v, 10, 90, 8) AS h
FROM readings GROUP BY device;
CREATE VIEW partial_aggregates AS
SELECT first(note, ts) AS f, last(note, ts) AS l, first(v, ts) AS fv, last(NULL::int[], ts) AS lv,
	first(readings, note) AS fr, round(mean(v)::numeric, 9) AS m, histogram(v, 10, 90, 8) AS h
FROM readings;
CREATE TABLE serial_all AS SELECT * FROM all_aggregates;
CREATE TABLE serial_partial AS SELECT * FROM partial_aggregates;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT * FROM partial_aggregates;
TABLE partial_aggregates EXCEPT TABLE serial_partial;
TABLE serial_partial EXCEPT TABLE partial_aggregates;
TABLE all_aggregates EXCEPT TABLE serial_all;
TABLE serial_all EXCEPT TABLE all_aggregates;
SELECT first(v, ts), last(v, ts), histogram(v, 0, 1, 1), mean(v) FROM readings WHERE ts IS NULL;
RESET ALL;

-- Every aggregate is parallel safe and says what it is for.
SELECT proname, proparallel, aggcombinefn <> 0 AS combines,
	obj_description(p.oid, 'pg_proc') IS NOT NULL AS commented
FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid
WHERE proname IN ('first', 'last', 'mean', 'percentile', 'histogram')
ORDER BY proname;

DROP VIEW ends, ends_by_sort, all_aggregates, partial_aggregates;
DROP TABLE readings, wide, serial_all, serial_partial;
