-- Resident workers: the same answers, whoever computes them, and the session's state in the worker.
SET client_min_messages = warning;
CREATE TABLE team (time timestamptz NOT NULL, host text, id int, v float8, n numeric)
	USING rusts WITH (rusts.time = 'time', rusts.tags = 'host', rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = 0);
INSERT INTO team SELECT '2024-01-01+00'::timestamptz + g * interval '1 s', 'host_' || g % 7, g, g % 1000, CASE WHEN g % 3 > 0 THEN g % 11 END
FROM generate_series(1, 120000) g;
SELECT rusts.flush('team');
INSERT INTO team SELECT '2024-02-01+00'::timestamptz + g * interval '1 s', 'hot', 120000 + g, 0, 1 FROM generate_series(1, 500) g;
VACUUM ANALYZE team;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET rusts.enable_metadata_agg = off;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT host, avg(v) FROM team WHERE id > 7 GROUP BY host ORDER BY host;

-- the session waits for workers and leaves all rows to them
SET parallel_leader_participation = off;
CREATE FUNCTION launched(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
	RETURN format('%s planned, %s', jsonb_path_query_first(plan, '$.**."Workers Planned"'),
		CASE WHEN jsonb_path_query_first(plan, '$.**."Workers Launched"')::int > 0 THEN 'some came' ELSE 'nobody came' END);
END $$;
SELECT launched('SELECT sum(v) FROM team');
SELECT count(*), sum(id::bigint), count(n), avg(n), min(v), max(v), min(time), max(host), stddev(id), first(id, time), last(host, time) FROM team;
SELECT host, count(*), sum(id::bigint), avg(v), bool_and(v < 999) FROM team GROUP BY host ORDER BY host;
SELECT time_bucket('10 h', time) AS b, host, sum(v) FILTER (WHERE id % 2 = 0) FROM team WHERE host IN ('host_1', 'hot') GROUP BY b, host HAVING count(*) > 100 ORDER BY b DESC, host;
SELECT count(*) FROM (SELECT DISTINCT v, host FROM team) d;
SELECT h.host, s FROM (VALUES ('host_2'), ('nobody')) h (host) LEFT JOIN (SELECT host, sum(v) s FROM team GROUP BY host) t USING (host) ORDER BY 1;
-- a summary from metadata, where the scan can be cut anywhere
SET rusts.enable_metadata_agg = on;
SELECT count(*), sum(v), min(id), max(id) FROM team WHERE v >= 0;
SET rusts.enable_metadata_agg = off;
-- more groups than memory holds
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT count(*), sum(c), sum(s) FROM (SELECT id, count(*) c, sum(v) s, count(n) FROM team GROUP BY id) g;
RESET work_mem;
RESET hash_mem_multiplier;

-- the session's state: settings, parameters, start of the transaction, user
SET TimeZone = 'Asia/Kolkata';
SELECT date_trunc('day', time) AS d, count(*) FROM team GROUP BY d ORDER BY d LIMIT 2;
SET TimeZone = 'America/New_York';
SELECT date_trunc('day', time) AS d, count(*) FROM team GROUP BY d ORDER BY d LIMIT 2;
BEGIN;
SET LOCAL TimeZone = 'Pacific/Auckland';
SELECT date_trunc('day', time) AS d, count(*) FROM team GROUP BY d ORDER BY d LIMIT 1;
ROLLBACK;
SELECT date_trunc('day', time) AS d, count(*) FROM team GROUP BY d ORDER BY d LIMIT 1;
RESET TimeZone;
PREPARE by_host (text, int) AS SELECT count(*), sum(v) FROM team WHERE host = $1 AND id > $2;
SET plan_cache_mode = force_generic_plan;
SELECT launched('EXECUTE by_host (''host_3'', 100000)');
EXECUTE by_host ('host_3', 100000);
EXECUTE by_host ('host_4', 0);
DEALLOCATE by_host;
RESET plan_cache_mode;
BEGIN;
SELECT count(*) AS now_is_the_same FROM team WHERE time < now() AND now() = (SELECT now());
SELECT max(now()) = now() AS same FROM team;
COMMIT;
CREATE ROLE resident_reader;
GRANT SELECT ON team TO resident_reader;
ALTER TABLE team ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON team USING (host = CASE WHEN current_user = 'resident_reader' THEN 'host_5' END);
SET ROLE resident_reader;
SELECT current_user, count(*), min(host), max(host) FROM team;
RESET ROLE;
SELECT count(*), max(host) FROM team;
ALTER TABLE team DISABLE ROW LEVEL SECURITY;
DROP POLICY one ON team;
REVOKE SELECT ON team FROM resident_reader;
SET ROLE resident_reader;
SELECT count(*) FROM team;
RESET ROLE;
DROP ROLE resident_reader;

-- SET ROLE and security definers, one after the other: nothing of a job is left for the next
CREATE ROLE resident_reader;
GRANT SELECT ON team TO resident_reader;
CREATE FUNCTION as_owner() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM team WHERE current_user <> ''resident_reader''';
SET ROLE resident_reader;
SELECT as_owner(), (SELECT last(current_user || ' ' || current_setting('is_superuser'), time) FROM team);
RESET ROLE;
SELECT last(current_setting('is_superuser'), time) FROM team;
SET ROLE resident_reader;
SELECT last(current_setting('is_superuser'), time) FROM team;
RESET ROLE;
DROP FUNCTION as_owner;
REVOKE SELECT ON team FROM resident_reader;
DROP ROLE resident_reader;
-- the session's temporary schema
CREATE TEMP TABLE hot_x ();
SELECT count(to_regclass(host || '_x')) FROM team WHERE host = 'hot';
DROP TABLE hot_x;

-- errors of a worker are the statement's, and the next statement has another worker
SELECT sum(1 / (id - 60000)) FROM team;
SELECT launched('SELECT sum(v) FROM team');
SELECT sum(sqrt(60000 - id)) FROM team;
SELECT sum(v) FROM team;
DO $$
BEGIN
	PERFORM sum(1 / (id - 60000)) FROM team;
EXCEPTION WHEN division_by_zero THEN
	RAISE INFO 'caught: %', SQLERRM;
END $$;

-- workers of a Gather instead: with rows of its own, in serializable transactions, and with what cannot leave the session so
BEGIN;
DELETE FROM team WHERE time >= '2024-02-01 00:04+00';
SELECT launched('SELECT count(*) FROM team'), count(*) FROM team;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT launched('SELECT count(*) FROM team'), count(*) FROM team;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT launched('SELECT count(*) FROM team'), count(*) FROM team;
ROLLBACK;
-- rows are of a type that only the session knows
SELECT first(ROW(host, id), time), last(ROW(id, host, v), time) FROM team;
EXPLAIN (COSTS OFF) SELECT first(ROW(host, id), time), last(ROW(id, host, v), time) FROM team;
-- what makes a table writes
EXPLAIN (COSTS OFF) CREATE TABLE made AS SELECT host, sum(v) FROM team GROUP BY host;
CREATE FUNCTION halved(float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS 'BEGIN RETURN $1 / 2; END';
EXPLAIN (COSTS OFF) SELECT sum(halved(v)) FROM team;
EXPLAIN (COSTS OFF) SELECT count(*) FROM team WHERE v > (SELECT avg(v) FROM team WHERE id < 10);
SELECT count(*) FROM team WHERE v > (SELECT avg(v) FROM team WHERE id < 1000);
-- cursors: groups are made at the first FETCH
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT host, count(*) FROM team GROUP BY host ORDER BY host;
FETCH 1 FROM c;
MOVE LAST FROM c;
FETCH BACKWARD 2 FROM c;
COMMIT;
-- several in one plan, and again and again in one
SELECT a.host, a.c, b.s FROM (SELECT host, count(*) c FROM team GROUP BY host) a JOIN (SELECT host, sum(v) s FROM team GROUP BY host) b USING (host) ORDER BY host LIMIT 2;
SELECT g, (SELECT sum(v) + 0 * g FROM team) FROM generate_series(1, 3) g;
-- for that no memory is kept
CREATE FUNCTION session_memory() RETURNS bigint LANGUAGE plpgsql PARALLEL RESTRICTED AS 'BEGIN RETURN (SELECT sum(total_bytes) FROM pg_backend_memory_contexts); END';
SELECT count(*), max(m) - min(m) < 2000000 AS bounded FROM (SELECT session_memory() AS m FROM generate_series(1, 300) g, LATERAL (SELECT host, count(*) FROM team GROUP BY host ORDER BY host LIMIT 1 + g % 2 OFFSET 1) t OFFSET 0) x;
DROP FUNCTION session_memory;

-- both read
RESET parallel_leader_participation;
CREATE TABLE answers AS SELECT 0 AS run, host, v, count(*) c, sum(id) s FROM team GROUP BY host, v LIMIT 0;
DO $$
BEGIN
	FOR run IN 1..40 LOOP
		INSERT INTO answers SELECT run, host, v, count(*), sum(id) FROM (SELECT * FROM team) x GROUP BY host, v;
	END LOOP;
END $$;
CREATE FUNCTION differing_runs() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	differing int := 0;
	first text;
	answer text;
BEGIN
	FOR run IN 1..60 LOOP
		answer := (SELECT md5(string_agg(t::text, ',')) FROM (SELECT host, v, count(*), sum(id), avg(id) FROM team GROUP BY host, v ORDER BY host, v) t);
		first := coalesce(first, answer);
		differing := differing + (answer <> first)::int;
	END LOOP;
	RETURN differing;
END $$;
SELECT differing_runs();
SELECT DISTINCT backend_type, leader_pid = pg_backend_pid() AS ours FROM pg_stat_activity WHERE backend_type LIKE 'rusts parallel%' AND leader_pid = pg_backend_pid();
-- without them
SET rusts.enable_resident_workers = off;
EXPLAIN (COSTS OFF) SELECT sum(v) FROM team;
SELECT sum(v) FROM team;
DROP FUNCTION differing_runs, launched, halved;
DROP TABLE team, answers;
