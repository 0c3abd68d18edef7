-- Aggregates whose states cannot be combined, in more groups than memory
-- holds: rows of the groups that are not at hand go to disk, and the table is
-- read once.  Each answer is compared with a heap's.
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET enable_sort = off;
CREATE TABLE sh (time timestamptz NOT NULL, host text, k int, f float8, n numeric, s text, b boolean, v int);
CREATE TABLE sr (LIKE sh) USING rusts WITH (rusts.tags = 'host', rusts.segment_rows = 8192, rusts.flush_age = 0);
INSERT INTO sh
SELECT '2024-01-01+00'::timestamptz + g * interval '1 min', 'h' || g % 7,
	CASE WHEN g % 101 > 0 THEN (g::bigint * 7919 % 7001)::int END,
	CASE g % 13 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN -0.0 WHEN 3 THEN 0.0 ELSE g % 5000 / 4.0 END,
	CASE WHEN g % 17 > 0 THEN CASE WHEN g % 2 = 0 THEN (g % 3001)::numeric(10,2) ELSE g % 3001 END END,
	CASE WHEN g % 19 > 0 THEN 'text ' || g % 6007 || repeat('.', g % 40) END,
	CASE WHEN g % 3 > 0 THEN g % 2 = 0 END, g
FROM generate_series(1, 20000) g;
INSERT INTO sr SELECT * FROM sh;
SELECT rusts.flush('sr') > 0 AS flushed;
-- hot rows of groups old and new
INSERT INTO sh SELECT time + interval '60 days', host, CASE WHEN v % 2 = 0 THEN k ELSE -k END, f, n, s, b, -v FROM sh WHERE v % 10 < 3;
INSERT INTO sr SELECT * FROM sh WHERE v < 0;
DELETE FROM sh WHERE v < 0 AND v % 37 = -5;
DELETE FROM sr WHERE v < 0 AND v % 37 = -5;
ANALYZE sh, sr;

-- a strict transition function that takes the first value as its state, one
-- that is not strict and counts NULLs, one in SQL, one of several arguments
CREATE FUNCTION keep_max(int, int) RETURNS int STRICT LANGUAGE plpgsql AS $$ BEGIN RETURN greatest($1, $2); END $$;
CREATE AGGREGATE user_max(int) (sfunc = keep_max, stype = int);
CREATE FUNCTION note(text, int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce($1, 'none') || ' ' || coalesce($2::text, '-'); END $$;
CREATE AGGREGATE user_notes(int) (sfunc = note, stype = text);
CREATE FUNCTION add_all(bigint[], VARIADIC int[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS
$$ SELECT ARRAY[$1[1] + coalesce((SELECT sum(x) FROM unnest($2) x), 0), $1[2] + 1] $$;
CREATE AGGREGATE user_sum(VARIADIC int[]) (sfunc = add_all, stype = bigint[], initcond = '{0,0}');

CREATE FUNCTION plan_of(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	RETURN jsonb_path_query_first(plan::jsonb, 'strict $.**?(@."Custom Plan Provider" == "RustsAggregate")');
END $$;
-- @: the table.  Heap and rusts agree, and what the node of ours did.
CREATE FUNCTION spills(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	difference bigint;
	plan jsonb := plan_of(replace(query, '@', 'sr'));
BEGIN
	EXECUTE format('WITH h AS MATERIALIZED (SELECT x::text FROM (%s) x), r AS MATERIALIZED (SELECT x::text FROM (%s) x)
		SELECT count(*) FROM ((TABLE h EXCEPT ALL TABLE r) UNION ALL (TABLE r EXCEPT ALL TABLE h)) d',
		replace(query, '@', 'sh'), replace(query, '@', 'sr')) INTO difference;
	IF difference > 0 THEN
		RETURN difference || ' rows differ';
	END IF;
	RETURN CASE WHEN plan IS NULL THEN 'another node' WHEN (plan ->> 'Batches')::int > 1 THEN 'batches' ELSE 'one batch' END ||
		CASE WHEN (plan ->> 'Disk Usage')::int > 0 THEN ', on disk' ELSE '' END;
END $$;
-- a number for the array, whatever its order
CREATE FUNCTION mixed(anyarray) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN cardinality($1) || ' ' || (SELECT sum(hashtext(x::text)::bigint) FROM unnest($1) x); END $$;

CREATE TABLE statements (id serial, query text);
INSERT INTO statements (query) VALUES
	-- keys of each kind, NULLs among them
	('SELECT k, mixed(array_agg(v)) FROM @ GROUP BY k'),
	('SELECT s, mixed(array_agg(v)), count(*) FROM @ GROUP BY s'),
	('SELECT trim_scale(n), mixed(array_agg(v)), min(v) FROM @ GROUP BY n'),
	('SELECT f + 0, mixed(array_agg(v)), max(f + 0) FROM @ GROUP BY f'),
	('SELECT host, k, mixed(array_agg(s)) FROM @ GROUP BY host, k'),
	('SELECT b, host, trim_scale(n), mixed(array_agg(k)), sum(v), avg(f) FROM @ GROUP BY b, host, n'),
	('SELECT lower(s), mixed(array_agg(host)) FROM @ GROUP BY 1'),
	('SELECT v % 7993, mixed(array_agg(k)) FROM @ GROUP BY 1'),
	('SELECT time_bucket(''10 min'', time), host, mixed(array_agg(v)) FROM @ GROUP BY 1, 2'),
	('SELECT tableoid IS NULL, k, mixed(array_agg(v)) FROM @ GROUP BY 1, 2'),
	-- the aggregates
	('SELECT k, mixed(string_to_array(string_agg(s, '',''), '','')) FROM @ GROUP BY k'),
	('SELECT k, percentile(f, 0.5), percentile(v, 0.9) FROM @ WHERE f <> ''NaN'' GROUP BY k'),
	('SELECT k, jsonb_object_agg(v, s) FROM @ WHERE v > 0 GROUP BY k'),
	('SELECT k, sum(n), avg(n), stddev(n), min(s), max(s), bool_and(b) FROM @ GROUP BY k'),
	('SELECT v, user_max(k), count(*) FROM @ GROUP BY v'),
	('SELECT v % 4001, user_notes(k), user_notes(NULL), min(time) FROM @ WHERE v BETWEEN 1 AND 4500 GROUP BY 1'),
	('SELECT k, user_sum(v, k, 1) FROM @ GROUP BY k'),
	('SELECT k, first(s, time), last(v, time), mixed(array_agg(v)) FROM @ GROUP BY k'),
	-- FILTER, also of all rows
	('SELECT k, mixed(array_agg(v) FILTER (WHERE v % 2 = 0)), count(*), count(*) FILTER (WHERE b), array_agg(v) FILTER (WHERE k > 1000000) FROM @ GROUP BY k'),
	('SELECT k, user_sum(v / (v % 2)) FILTER (WHERE v % 2 <> 0) FROM @ GROUP BY k'),
	('SELECT k, mixed(array_agg(v)) FROM @ GROUP BY k HAVING count(*) > 3'),
	-- count(DISTINCT): many groups, and groups of many values
	('SELECT k, count(DISTINCT v), mixed(array_agg(v)) FROM @ GROUP BY k'),
	('SELECT host, count(DISTINCT v), count(DISTINCT s), count(DISTINCT f), count(DISTINCT n) FROM @ GROUP BY host'),
	('SELECT host, count(DISTINCT v) FILTER (WHERE b), count(*), count(v) FROM @ GROUP BY host'),
	('SELECT count(DISTINCT v), count(DISTINCT s), sum(v) FROM @'),
	('SELECT count(DISTINCT s || v) FROM @'),
	('SELECT k, b, count(DISTINCT s), user_max(v), count(DISTINCT n) FROM @ GROUP BY k, b'),
	('SELECT count(DISTINCT b), count(DISTINCT host), count(DISTINCT v) FROM @ WHERE v > 1000000'),
	-- whole rows
	('SELECT k, (SELECT sum((x ->> ''v'')::int) FROM json_array_elements(j) x) FROM (SELECT k, json_agg(t) AS j FROM @ t GROUP BY k) q'),
	-- few groups with large states only grow
	('SELECT host, mixed(array_agg(v)) FROM @ GROUP BY host');
SELECT id, spills(query) FROM statements ORDER BY id;

-- each row has its own ctid, in a batch and back from disk
SELECT count(*), count(DISTINCT c) FROM (SELECT unnest(array_agg(ctid)) AS c FROM sr GROUP BY k) q;
SELECT count(*) FROM (SELECT unnest(array_agg(ctid)) AS c FROM sr GROUP BY k) q JOIN sr ON sr.ctid = q.c;
-- rows of a group keep their order
SET work_mem = '64MB';
CREATE TEMP TABLE in_memory AS SELECT k, string_agg(v::text, ' ') AS notes FROM sr GROUP BY k;
SET work_mem = '64kB';
SELECT count(*) FROM in_memory;
SELECT k, string_agg(v::text, ' ') FROM sr GROUP BY k EXCEPT SELECT k, notes FROM in_memory;

-- the table is read once, and memory is bounded
SELECT (plan_of('SELECT k, string_agg(s, '''') FROM sr GROUP BY k') ->> 'Memory Usage')::int BETWEEN 1000 AND 4000 AS bounded;
SELECT (plan_of('SELECT host, count(DISTINCT v), count(DISTINCT s) FROM sr GROUP BY host') ->> 'Memory Usage')::int BETWEEN 1000 AND 3000 AS bounded;
SELECT (plan_of('SELECT count(DISTINCT s || v) FROM sr') ->> 'Memory Usage')::int BETWEEN 1000 AND 3000 AS bounded;

-- what goes to disk costs: rows of many small groups, none of a few large ones
CREATE FUNCTION cost_of(query text, memory text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	PERFORM set_config('work_mem', memory, true);
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Total Cost';
END $$;
SELECT query, cost_of(query, '64kB') / cost_of(query, '64MB') > 1.2 AS dearer, cost_of(query, '64kB') / cost_of(query, '64MB') < 1.01 AS same
FROM (VALUES ('SELECT v, array_agg(k) FROM sr GROUP BY v'), ('SELECT k, string_agg(s, host) FROM sr GROUP BY k'), ('SELECT k, stddev(n) FROM sr GROUP BY k'),
	('SELECT host, json_agg(t) FROM sr t GROUP BY host'), ('SELECT b, array_agg(s) FROM sr GROUP BY b')) q (query);

-- started again: with another parameter, and left before the end
SELECT x, count(*), sum(c) FROM generate_series(1, 3) x, LATERAL (SELECT k, cardinality(array_agg(v + x)) AS c FROM sr WHERE v % 3 < x GROUP BY k OFFSET 0) q GROUP BY x ORDER BY x;
SELECT x, count(*), sum(c) FROM generate_series(1, 3) x, LATERAL (SELECT k, cardinality(array_agg(v + x)) AS c FROM sh WHERE v % 3 < x GROUP BY k OFFSET 0) q GROUP BY x ORDER BY x;
SELECT x, (SELECT count(DISTINCT v) FROM sr WHERE v % 4 <= x), (SELECT count(DISTINCT v) FROM sh WHERE v % 4 <= x) FROM generate_series(0, 2) x ORDER BY x;
SELECT x, count(*), bool_and(cardinality(a) > 0) FROM generate_series(1, 3) x, LATERAL (SELECT k, array_agg(v + x) AS a FROM sr GROUP BY k LIMIT 5) q GROUP BY x ORDER BY x;
PREPARE again(int, text) AS SELECT count(*), sum(cardinality(a)) FROM (SELECT k, array_agg(v / $1) FILTER (WHERE host <> $2) AS a FROM sr GROUP BY k) q;
SET plan_cache_mode = force_generic_plan;
EXECUTE again(1, 'h1');
EXECUTE again(7, '');
EXECUTE again(0, '');
EXECUTE again(2, 'h1');
RESET plan_cache_mode;
BEGIN;
DECLARE c CURSOR FOR SELECT k, count(*), min(s) FROM sr GROUP BY k;
MOVE 100 FROM c;
SELECT count(*) > 0 AS on_disk FROM pg_ls_tmpdir();
MOVE 5000 FROM c;
CLOSE c;
SELECT count(*) FROM pg_ls_tmpdir();
DECLARE d CURSOR WITH HOLD FOR SELECT k, cardinality(array_agg(v)) AS c FROM sr WHERE k BETWEEN 1 AND 6000 GROUP BY k ORDER BY k;
FETCH 2 FROM d;
COMMIT;
FETCH 2 FROM d;
CLOSE d;

-- errors in the middle, of rows at hand and of rows from disk, leave no files
SELECT k, array_agg(10 / (v - 19000)) FROM sr GROUP BY k;
SELECT k, user_sum(10 / (v + 15001)) FROM sr GROUP BY k;
SELECT k, count(DISTINCT v), count(DISTINCT 10 / (v + 15001)) FROM sr GROUP BY k;
SELECT count(*), count(a) FROM (SELECT k, array_agg(10 / (v - 19000)) FILTER (WHERE v <> 19000) AS a FROM sr GROUP BY k) q;
SET temp_file_limit = '100kB';
\set VERBOSITY sqlstate
SELECT k, array_agg(v) FROM sr GROUP BY k;
SELECT count(DISTINCT s || v) FROM sr;
\set VERBOSITY default
RESET temp_file_limit;
BEGIN;
DECLARE c CURSOR FOR SELECT k, count(DISTINCT v), min(s) FROM sr GROUP BY k;
MOVE 100 FROM c;
SAVEPOINT s;
SELECT 1 / 0;
ROLLBACK TO s;
MOVE 100 FROM c;
ROLLBACK;
SELECT count(*) FROM pg_ls_tmpdir();

-- in the order of the keys
SET enable_sort = on;
SELECT count(*), count(*) FILTER (WHERE k >= before) AS misplaced
FROM (SELECT k, lag(k) OVER () AS before, a FROM (SELECT k, array_agg(v) AS a FROM sr WHERE k > 0 GROUP BY k ORDER BY k DESC) o) l WHERE cardinality(a) > 0;
SELECT k, cardinality(array_agg(v)), count(DISTINCT v) FROM sr GROUP BY k ORDER BY k DESC NULLS LAST LIMIT 3;
SELECT time_bucket('1 hour', time) AS hour, array_agg(v ORDER BY v), mixed(array_agg(v)), count(DISTINCT s) FROM sr GROUP BY 1 ORDER BY 1 DESC LIMIT 1;

-- hash_mem at its minimum and statistics that know nothing
CREATE TABLE unknown (time timestamptz NOT NULL, host text, id int, s text) USING rusts WITH (rusts.tags = 'host');
INSERT INTO unknown SELECT '2024-01-01+00'::timestamptz + g * interval '1 s', 'h' || g % 20, g, md5(g::text) FROM generate_series(1, 50000) g;
SELECT rusts.flush('unknown') > 0 AS flushed;
SELECT host, count(DISTINCT id), count(DISTINCT s) FROM unknown GROUP BY host ORDER BY host LIMIT 2;
SELECT (plan_of('SELECT host, count(DISTINCT id), count(DISTINCT s) FROM unknown GROUP BY host') ->> 'Memory Usage')::int < 4000 AS bounded;
SELECT count(*), min(c), max(c), sum(d) FROM (SELECT id / 2, cardinality(array_agg(s)) AS c, count(DISTINCT s) AS d FROM unknown GROUP BY 1) q;
SELECT (plan_of('SELECT id / 2, array_agg(s), count(DISTINCT s) FROM unknown GROUP BY 1') ->> 'Memory Usage')::int < 4000 AS bounded;
-- keys of groups that are not at hand take no memory either
SELECT (plan_of('SELECT s, array_agg(id) FROM unknown GROUP BY s') ->> 'Memory Usage')::int < 4000 AS bounded;
SELECT (plan_of('SELECT host || s, max(s) FROM unknown GROUP BY 1') ->> 'Memory Usage')::int < 4000 AS bounded;
DROP TABLE sh, sr, statements, unknown, in_memory;
DROP AGGREGATE user_max(int), user_notes(int), user_sum(VARIADIC int[]);
DROP FUNCTION keep_max, note, add_all, plan_of, cost_of, spills, mixed;
