--
-- Conditions on functions of the time that never decrease skip segments
--
SET timezone = 'Europe/Berlin';
SET rusts.bulk_rows = 1000000000;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE steps (t timestamptz, d date, n bigint, i int)
USING rusts WITH (rusts.time = 't', rusts.partition_interval = '7 days');
-- half a year of weeks, with both changes of the clocks; and times at the ends
INSERT INTO steps
SELECT timestamptz '2024-03-01 00:00+01' + k * interval '37 min', date '2024-03-01' + k / 40, k, k % 1000
FROM generate_series(1, 11000) k;
INSERT INTO steps VALUES ('infinity', 'infinity', 9223372036854775807, 2147483647),
	('-infinity', '-infinity', -9223372036854775000, -2147483647), (NULL, NULL, NULL, NULL);
CREATE TABLE steps_heap AS SELECT * FROM steps;
SELECT rusts.flush('steps') > 0 AS flushed;
ANALYZE steps;

CREATE FUNCTION pruned(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	ours bigint;
	theirs bigint;
	n int := 0;
BEGIN
	EXECUTE 'SELECT count(*) FROM steps_heap WHERE ' || condition INTO theirs;
	EXECUTE 'SELECT count(*) FROM steps WHERE ' || condition INTO ours;
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT count(*), max(i) FROM steps WHERE ' || condition LOOP
		n := n + coalesce(substring(line FROM 'Segments Pruned by Summary: (\d+)')::int, 0);
	END LOOP;
	RETURN format('%s rows%s, %s', ours, CASE WHEN ours <> theirs THEN ' instead of ' || theirs ELSE '' END,
		CASE WHEN n > 15 THEN 'most segments skipped' WHEN n > 0 THEN 'segments skipped' ELSE 'all read' END);
END $$;
SELECT condition, pruned(condition) FROM unnest(ARRAY[
	$$ time_bucket('1 hour', t) >= '2024-11-20' $$, $$ time_bucket('1 day', t) = '2024-05-05 02:00+02' $$,
	$$ '2024-03-20' > time_bucket('5 min', t) $$, $$ time_bucket('6 hours', t, 'Europe/Berlin') BETWEEN '2024-06-01' AND '2024-06-03' $$,
	$$ time_bucket('1 month', t) = '2024-07-01 02:00+02' $$, $$ time_bucket('1 week', t, origin => '2024-01-01') < '2024-03-15' $$,
	$$ date_trunc('hour', t) = '2024-10-27 02:00+01' $$, $$ date_trunc('day', t) <= '2024-03-31' $$,
	$$ date_trunc('month', t) IN ('2024-04-01', '2024-12-01') $$, $$ date_bin('15 min', t, '2024-01-01') >= '2024-12-01' $$,
	$$ t::date = '2024-10-27' $$, $$ date_trunc('day', t, 'America/New_York') > '2024-11-28 05:00+00' $$,
	$$ t::date > '2030-01-01' $$, $$ NOT time_bucket('1 hour', t) < '2024-11-20' $$,
	$$ time_bucket('7 days', d) = '2024-06-03' $$, $$ time_bucket(100, n) >= 10900 $$, $$ time_bucket(100::bigint, n) = 300 $$,
	$$ time_bucket('1 hour', t) IS NULL $$, $$ time_bucket(NULL, t) > '2024-01-01' $$,
	$$ time_bucket('1 hour', t) > 'infinity' $$, $$ extract(hour FROM t) = 3 AND t < '2024-03-10' $$]) condition;
-- and the planner knows about how many rows they leave
CREATE FUNCTION estimate_is_near(condition text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) SELECT t FROM steps WHERE ' || condition INTO plan;
	RETURN (plan #>> '{0,Plan,Plan Rows}')::float8 / (plan #>> '{0,Plan,Actual Rows}')::float8 BETWEEN 0.6 AND 1.6;
END $$;
SELECT condition, estimate_is_near(condition) FROM unnest(ARRAY[
	$$ time_bucket('1 hour', t) BETWEEN '2024-04-01' AND '2024-10-01' $$, $$ time_bucket('1 month', t) = '2024-07-01 02:00+02' $$,
	$$ date_trunc('day', t) >= '2024-06-01' AND date_trunc('day', t) < '2024-07-01' $$, $$ '2024-03-20' > date_bin('15 min', t, '2024-01-01') $$,
	$$ time_bucket('1 day', t) = '2024-07-01 02:00+02' AND i > 100 $$]) condition;
-- with a parameter
PREPARE since (interval, timestamptz) AS SELECT count(*), min(t), max(i) FROM steps WHERE time_bucket($1, t) >= $2 AND t < 'infinity';
SET plan_cache_mode = force_generic_plan;
EXECUTE since ('1 hour', '2024-12-08');
EXECUTE since ('1 day', '2024-12-08');
EXECUTE since ('1 day', 'infinity');
SELECT v, (SELECT count(*) FROM steps WHERE date_trunc('day', t) = v) AS rows_of_day
FROM generate_series(timestamptz '2024-03-30', '2024-04-01', '1 day') v;
RESET plan_cache_mode;

-- Samoa skipped a day; Newfoundland put clocks back a minute after midnight.
CREATE TABLE odd_zones (t timestamptz) USING rusts;
INSERT INTO odd_zones SELECT timestamptz '2011-12-29 00:00+00' + k * interval '7 min' FROM generate_series(0, 600) k;
INSERT INTO odd_zones SELECT timestamptz '2010-11-06 00:00+00' + k * interval '20 s' FROM generate_series(0, 12000) k;
CREATE TABLE odd_zones_heap AS SELECT * FROM odd_zones;
SELECT rusts.flush('odd_zones') > 0 AS flushed;
SELECT count(*), count(*) FILTER (WHERE a <> b) AS differ
FROM generate_series(timestamptz '2010-11-06 03:00+00', '2010-11-09', '20 min') v,
	LATERAL (SELECT count(*) AS a FROM odd_zones WHERE time_bucket('40 min', t, 'America/St_Johns') <= v) r,
	LATERAL (SELECT count(*) AS b FROM odd_zones_heap WHERE time_bucket('40 min', t, 'America/St_Johns') <= v) h;
SELECT count(*), count(*) FILTER (WHERE a <> b) AS differ
FROM generate_series(timestamptz '2011-12-29 00:00+00', '2012-01-01', '20 min') v,
	LATERAL (SELECT count(*) AS a FROM odd_zones WHERE time_bucket('1 day', t, 'Pacific/Apia') >= v) r,
	LATERAL (SELECT count(*) AS b FROM odd_zones_heap WHERE time_bucket('1 day', t, 'Pacific/Apia') >= v) h;
SET timezone = 'America/St_Johns';
SELECT count(*), count(*) FILTER (WHERE a <> b) AS differ
FROM generate_series(timestamptz '2010-11-06 03:00+00', '2010-11-09', '30 min') v,
	LATERAL (SELECT count(*) AS a FROM odd_zones WHERE date_trunc('day', t) = date_trunc('day', v) AND t <= v) r,
	LATERAL (SELECT count(*) AS b FROM odd_zones_heap WHERE date_trunc('day', t) = date_trunc('day', v) AND t <= v) h;
RESET timezone;
DROP TABLE steps, steps_heap, odd_zones, odd_zones_heap;
DROP FUNCTION pruned, estimate_is_near;
