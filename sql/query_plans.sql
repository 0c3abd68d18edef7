--
-- The query engine: plans, and the same answers as a heap
--
CREATE TABLE qh (time timestamptz NOT NULL, host text, region text, v float8, n int, b bool, t text);
INSERT INTO qh
SELECT '2024-01-01'::timestamptz + (g / 10) * interval '30 s', 'host_' || g % 10, 'region_' || g % 3,
       (g * 7919 % 1000) / 8.0, nullif(g % 50, 0), g % 3 = 0, CASE WHEN g % 11 > 0 THEN 'text ' || g % 7 END
FROM generate_series(0, 9999) g;
INSERT INTO qh SELECT '2024-01-01 03:00'::timestamptz + g * interval '1 s', CASE WHEN g % 3 > 0 THEN 'host_1' END, CASE WHEN g % 2 > 0 THEN 'region_0' END, g, g, true, 'null tags' FROM generate_series(1, 99) g;
CREATE TABLE qr (LIKE qh) USING rusts WITH (rusts.tags = 'host,region', rusts.partition_interval = '2 hours');
INSERT INTO qr SELECT * FROM qh;
SELECT rusts.flush('qr') > 0 AS flushed;
ANALYZE qh;
ANALYZE qr;

-- what the plans look like
SET max_parallel_workers_per_gather = 0;
EXPLAIN (COSTS OFF) SELECT * FROM qr WHERE host = 'host_3' AND v > 100;
EXPLAIN (COSTS OFF) SELECT count(*), max(v) FROM qr;
EXPLAIN (COSTS OFF) SELECT time_bucket('1 hour', time), host, avg(v) FROM qr WHERE t LIKE '%3' GROUP BY 1, 2 HAVING count(*) > 5;
EXPLAIN (COSTS OFF) SELECT * FROM qr ORDER BY time DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT DISTINCT ON (host) * FROM qr ORDER BY host, time DESC;
EXPLAIN (COSTS OFF) SELECT host, last(v, time) FROM qr GROUP BY host;
EXPLAIN (COSTS OFF) SELECT DISTINCT host, region FROM qr WHERE v > 100 ORDER BY host, region;
-- from PostgreSQL 18 on there is a line more about a window, which has a name
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line !~ '^ *Window: ' THEN
			RETURN NEXT replace(line, 'OVER w1', 'OVER (?)');
		END IF;
	END LOOP;
END $$;
SELECT plan('SELECT DISTINCT host, count(*) OVER () FROM qr');
DROP FUNCTION plan(text);
EXPLAIN (COSTS OFF) SELECT time_bucket('1 minute', time) AS bucket, max(v) FROM qr GROUP BY bucket ORDER BY bucket DESC LIMIT 5;
-- these stay with PostgreSQL's nodes, above the scan
EXPLAIN (COSTS OFF) SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM qr;
EXPLAIN (COSTS OFF) SELECT host, sum(v) FROM qr GROUP BY ROLLUP (host);
EXPLAIN (COSTS OFF) SELECT sum(v) FROM qr WHERE xmin::text <> '';
-- workers
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT host, avg(v) FROM qr GROUP BY host;
SET rusts.enable_resident_workers = off;
EXPLAIN (COSTS OFF) SELECT host, avg(v) FROM qr GROUP BY host;
RESET rusts.enable_resident_workers;

-- the same answers, whatever is switched off
CREATE FUNCTION differences(query text) RETURNS TABLE (switched_off text, differs bigint) LANGUAGE plpgsql AS $$
DECLARE
	switch text;
	a text := replace(query, 'TABLE', 'qr');
	b text := replace(query, 'TABLE', 'qh');
BEGIN
	FOREACH switch IN ARRAY ARRAY['', 'rusts.enable_custom_scan', 'rusts.enable_vectorized_agg',
		'rusts.enable_metadata_agg', 'rusts.enable_ordered_scan', 'rusts.enable_pruning',
		'rusts.enable_resident_workers', 'max_parallel_workers_per_gather']
	LOOP
		IF switch <> '' THEN
			PERFORM set_config(switch, '0', true);
		END IF;
		EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) d',
			'(SELECT x::text FROM (' || a || ') x)', '(SELECT x::text FROM (' || b || ') x)') INTO differs;
		IF switch <> '' THEN
			PERFORM set_config(switch, CASE WHEN switch LIKE 'max%' THEN '2' ELSE '1' END, true);
		END IF;
		IF differs > 0 THEN
			switched_off := switch;
			RETURN NEXT;
		END IF;
	END LOOP;
END $$;
CREATE TABLE queries (id serial, query text);
INSERT INTO queries (query) VALUES
('SELECT count(*), count(n), count(t), min(time), max(time), min(v), max(n), sum(n), sum(v), avg(v), avg(n) FROM TABLE'),
('SELECT host, region, count(*), sum(v), bool_and(b), bool_or(b) FROM TABLE GROUP BY host, region'),
('SELECT time_bucket(''7 minutes'', time), host, max(v), min(n) FROM TABLE WHERE time >= ''2024-01-01 01:03'' AND time < ''2024-01-01 05:01'' GROUP BY 1, 2'),
('SELECT date_trunc(''hour'', time), count(DISTINCT host), count(DISTINCT t) FILTER (WHERE v > 50), count(DISTINCT n) FROM TABLE GROUP BY 1'),
('SELECT n, stddev(n), var_pop(n), sum(n * 2 + 1), string_agg(t, '','' ORDER BY t) FROM TABLE WHERE v < 20 GROUP BY n'),
('SELECT t, first(v, time), last(host, time), count(*) FROM TABLE WHERE time > ''2024-01-01 07:00'' AND host = ''host_4'' GROUP BY t'),
('SELECT host, last(v, time), max(time) FROM TABLE GROUP BY host'),
('SELECT DISTINCT ON (host, region) host, region, time, v FROM TABLE WHERE v > 60 ORDER BY host, region, time DESC'),
('SELECT time, max(v) FROM (SELECT * FROM TABLE ORDER BY time DESC LIMIT 20) x GROUP BY time'),
('SELECT time_bucket(''1 minute'', time) AS bucket, max(v), count(*) FROM TABLE GROUP BY bucket ORDER BY bucket DESC LIMIT 5'),
('SELECT * FROM TABLE WHERE host LIKE ''%_1'' AND (t IS NULL OR t ~ ''[34]$'') AND n BETWEEN 10 AND 12'),
('SELECT * FROM TABLE WHERE host IN (''host_1'', ''host_7'') AND NOT b AND v / 2 > 60 AND time < ''2024-01-01 01:00'''),
('SELECT a.host, count(*) FROM TABLE a JOIN TABLE c ON a.host = c.host AND a.time = c.time WHERE a.v > 120 GROUP BY a.host'),
('SELECT host, v FROM TABLE x WHERE n = 3 AND region = ''region_1'' AND host IN (''host_3'', ''host_4'') AND time = (SELECT max(time) FROM TABLE y WHERE y.host = x.host AND y.v < 100)'),
('SELECT host, time, rank() OVER (PARTITION BY host ORDER BY time DESC, region, v, n) r FROM TABLE WHERE n = 3'),
('SELECT h.host, l.time, l.v FROM (VALUES (''host_0''), (''host_5''), (''none'')) h(host), LATERAL (SELECT time, max(v) AS v FROM TABLE m WHERE m.host = h.host GROUP BY time ORDER BY time DESC LIMIT 1) l'),
('SELECT count(host), count(region), count(*) FROM TABLE'),
('SELECT time, host, region FROM TABLE WHERE host IS NULL'),
('SELECT region, count(*) FROM TABLE WHERE host IS NOT NULL AND region IS NULL GROUP BY region'),
('SELECT count(*), sum(v) FROM TABLE WHERE false'),
('SELECT host, sum(v) FROM TABLE WHERE v > 1000 GROUP BY host');
SELECT id, d.* FROM queries, differences(query) d ORDER BY id;
-- with hot rows, some of them newer than all segments, one NULL in each tag
INSERT INTO qh
SELECT '2024-01-01 08:00'::timestamptz + g * interval '1 s', CASE WHEN g > 0 THEN 'host_' || g % 12 END,
       CASE WHEN g <> 1 THEN 'region_' || g % 4 END, g / 4.0, g, g % 2 = 0, NULL
FROM generate_series(0, 2999) g;
INSERT INTO qr SELECT * FROM qh WHERE time >= '2024-01-01 08:00' AND t IS NULL AND n = extract(epoch FROM time - '2024-01-01 08:00') AND v = n / 4.0;
SELECT id, d.* FROM queries, differences(query) d ORDER BY id;
-- groups that do not fit into memory: spilled, as states or as rows
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET max_parallel_workers_per_gather = 0;
SELECT d.* FROM differences('SELECT time, host, count(*), sum(v), max(t), count(DISTINCT n) FROM TABLE GROUP BY time, host') d;
SELECT d.* FROM differences('SELECT time, host, region, t, count(*), sum(v), max(n), first(t, time), bool_or(b), round(stddev(n), 6) FROM TABLE GROUP BY time, host, region, t') d;
SELECT d.* FROM differences('SELECT DISTINCT time, host, region, t, v FROM TABLE') d;
SET max_parallel_workers_per_gather = 2;
SELECT d.* FROM differences('SELECT time, host, region, t, count(*), sum(n), min(v), max(n) FROM TABLE GROUP BY time, host, region, t') d;
SELECT d.* FROM differences('SELECT DISTINCT host, region FROM TABLE') d;
SET max_parallel_workers_per_gather = 0;
RESET work_mem;
RESET hash_mem_multiplier;

-- parameters: pruning and filters follow them
PREPARE one(text, timestamptz) AS SELECT count(*), sum(v) FROM qr WHERE host = $1 AND time >= $2;
SET plan_cache_mode = force_generic_plan;
EXECUTE one('host_2', '2024-01-01 06:00');
EXECUTE one('host_11', '2024-01-01 06:00');
EXECUTE one(NULL, '2024-01-01 06:00');
RESET plan_cache_mode;

-- a cursor goes back
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT n FROM qr WHERE host = 'host_2' AND n > 40 ORDER BY time, v;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH LAST FROM c;
COMMIT;

-- errors are PostgreSQL's, and only for rows that count
SELECT sum(10 / n) FROM qr WHERE n <> 0 AND host = 'host_1';
SELECT sum(10 / (n - 3)) FROM qr;
SELECT sum(v * 1e308) FROM qr;

-- row-level security: nothing leaks through cheaper conditions
CREATE FUNCTION leak(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'seen %', $1; RETURN true; END $$;
ALTER TABLE qr ENABLE ROW LEVEL SECURITY;
CREATE POLICY only_two ON qr USING (host = 'host_2' AND n = 12);
CREATE ROLE regress_rusts_reader;
GRANT SELECT ON qr TO regress_rusts_reader;
SET ROLE regress_rusts_reader;
SELECT count(*) FROM qr;
SELECT count(*) FROM qr WHERE leak(host) AND time < '2024-01-01 00:10';
RESET ROLE;
DROP TABLE qr, qh, queries;
DROP FUNCTION differences(text), leak(text);
DROP ROLE regress_rusts_reader;

-- a subplan inside a filter: its slots outlive the scan
CREATE TABLE qs (time timestamptz NOT NULL, id int) USING rusts;
INSERT INTO qs SELECT '2024-01-01'::timestamptz + g * interval '1 s', g FROM generate_series(1, 2000) g;
SELECT rusts.flush('qs');
SELECT count(*), sum(id) FROM qs a WHERE id NOT IN (SELECT id FROM qs b WHERE b.id % 3 = 0);
SELECT count(*), sum(id) FROM qs a WHERE id IN (SELECT b.id FROM qs b WHERE b.id % 3 = 0 OFFSET 0) OR id < 3;
DROP TABLE qs;

-- a Gather below a Limit starts again for each outer row
CREATE TABLE qg (time timestamptz NOT NULL, host text, v float8) USING rusts WITH (rusts.tags = 'host');
INSERT INTO qg SELECT '2024-01-01'::timestamptz + g * interval '1 s', 'h' || g % 20, g FROM generate_series(1, 20000) g;
SELECT rusts.flush('qg') > 0 AS flushed;
SET max_parallel_workers_per_gather = 2;
SET enable_material = off;
SELECT count(*) FROM generate_series(1, 4) g, LATERAL (SELECT v FROM qg WHERE v > 100 AND v::text LIKE '%7' LIMIT 5) s;

-- groups that do not fit into memory, under EXPLAIN ANALYZE
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
-- PostgreSQL 17 would group in the order of a scan
DO $$ BEGIN
	PERFORM set_config(name, 'off', false) FROM pg_settings WHERE name = 'enable_group_by_reordering';
END $$;
INSERT INTO qg SELECT '2024-01-02'::timestamptz + g * interval '1 s', 'h' || g % 20, g FROM generate_series(1, 40000) g;
SELECT rusts.flush('qg') > 0 AS flushed;
CREATE FUNCTION batches(query text) RETURNS TABLE (groups bigint, batches text, spilled bool) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	n int;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	groups := plan->0->'Plan'->>'Groups';
	n := plan->0->'Plan'->>'Batches';
	batches := CASE WHEN n = 1 THEN 'one' WHEN n <= 300 THEN 'some' ELSE n::text END;
	spilled := (plan->0->'Plan'->>'Disk Usage')::int > 100;
	RETURN NEXT;
END $$;
-- there is room for a megabyte of groups, however small the memory
SELECT * FROM batches('SELECT time, sum(v) FROM qg GROUP BY time');
SELECT * FROM batches('SELECT time, host, avg(v), stddev(v), min(v) FROM qg GROUP BY time, host');
SELECT * FROM batches('SELECT DISTINCT time, host FROM qg');
-- where states cannot be combined, rows are spilled
SELECT * FROM batches('SELECT time, host, avg(v), stddev(v), max(host), array_agg(v) FROM qg GROUP BY time, host');
SELECT * FROM batches('SELECT time_bucket(''1 minute'', time), sum(v) FROM qg GROUP BY 1');
SELECT count(*), sum(n), sum(s) FROM (SELECT time, count(*) AS n, sum(v) AS s FROM qg GROUP BY time) q;
SELECT count(*), sum(n), sum(s) FROM (SELECT time, count(*) AS n, sum(v) AS s, array_agg(v) FROM qg GROUP BY time) q;
SELECT count(*), sum(v) FROM qg;
-- an ordered one, again for each outer row, left before its end
SELECT x, s.* FROM generate_series(1, 2) x, LATERAL (SELECT time, count(*) + x AS n FROM qg GROUP BY time ORDER BY time DESC LIMIT 2) s ORDER BY x, time;
SELECT x, (SELECT count(*) FROM (SELECT time, sum(v + x) AS s FROM qg GROUP BY time) q WHERE s > 39998) FROM generate_series(1, 3) x ORDER BY x;
DROP FUNCTION batches(text);
DROP TABLE qg;
