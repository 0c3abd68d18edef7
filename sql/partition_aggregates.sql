-- Partitions are aggregated on vectors and combined above their Append.
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE parts (time timestamptz NOT NULL, host text, v float8, n int) PARTITION BY RANGE (time);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2024-01-03') USING rusts WITH (rusts.tags = 'host');
-- other columns at other places
CREATE TABLE parts_2 (gone int, n int, host text, more text, v float8, time timestamptz NOT NULL) USING rusts WITH (rusts.tags = 'host');
ALTER TABLE parts_2 DROP COLUMN gone, DROP COLUMN more;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM ('2024-01-03') TO ('2024-01-05');
-- partitions of a partition, one of them empty, one with hot rows only
CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM ('2024-01-05') TO ('2024-01-20') PARTITION BY LIST (host);
CREATE TABLE parts_3a PARTITION OF parts_3 FOR VALUES IN ('h0', 'h1', 'h2') USING rusts;
CREATE TABLE parts_3b PARTITION OF parts_3 FOR VALUES IN ('h3', 'h4', 'h5', 'h6') USING rusts;
CREATE TABLE parts_3c PARTITION OF parts_3 DEFAULT USING rusts;
CREATE TABLE parts_4 PARTITION OF parts DEFAULT USING rusts;
INSERT INTO parts SELECT '2024-01-01'::timestamptz + g * interval '10 s', 'h' || g % 7, g % 1000 / 8.0, nullif(g % 10, 3) FROM generate_series(0, 50000) g;
SELECT sum(rusts.flush(oid)) > 0 AS flushed FROM pg_class WHERE relname IN ('parts_1', 'parts_2', 'parts_3a');
INSERT INTO parts SELECT '2024-01-02'::timestamptz + g * interval '1 h', 'hot', g, NULL FROM generate_series(0, 100) g;
CREATE TABLE parts_heap AS SELECT * FROM parts;
ANALYZE parts, parts_heap;

EXPLAIN (COSTS OFF) SELECT avg(v) FROM parts;
SET enable_partitionwise_aggregate = on;
EXPLAIN (COSTS OFF) SELECT time_bucket('1 day', time), host, max(v) FROM parts WHERE time < '2024-01-04' GROUP BY 1, 2 ORDER BY 1, 2;
RESET enable_partitionwise_aggregate;

-- the same answers as from a heap, and by which node
CREATE FUNCTION combined(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	differ bigint;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	EXECUTE format('WITH a AS MATERIALIZED (%s), b AS MATERIALIZED (%s) SELECT count(*) FROM ((TABLE a EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE a)) d',
		query, replace(query, 'parts', 'parts_heap')) INTO differ;
	RETURN CASE WHEN plan::text ~ '"Partial Mode": "Finalize"' THEN 'combined' WHEN plan::text ~ 'RustsAggregate' THEN 'each' ELSE 'not ours' END ||
		CASE WHEN differ = 0 THEN ', same' ELSE ', ' || differ || ' rows differ' END;
END $$;
CREATE TABLE queries (n serial, query text);
INSERT INTO queries (query) VALUES
	('SELECT count(*), count(n), min(time), max(time), sum(v), avg(v), sum(n), avg(n) FROM parts'),
	('SELECT avg(v + 1), stddev(n) FROM parts WHERE host <> ''h1'' AND v > 3'),
	('SELECT host, count(*), avg(v), min(n), max(time) FROM parts GROUP BY host'),
	('SELECT time_bucket(''6 hours'', time) AS b, n, sum(v), count(*) FILTER (WHERE v > 50) FROM parts GROUP BY b, n'),
	('SELECT host, last(v, time), first(n, time), max(time) FROM parts GROUP BY host'),
	('SELECT host, max(time) FROM parts GROUP BY host'),
	('SELECT n % 3, host || ''x'', sum(n) FROM parts GROUP BY 1, 2 HAVING sum(n) > 1000'),
	('SELECT DISTINCT host FROM parts'),
	('SELECT DISTINCT n, host FROM parts'),
	('SELECT count(*) FROM parts WHERE time > ''2024-01-06'''),
	('SELECT count(*), sum(v) FROM parts WHERE time > ''2030-01-06'''),
	('SELECT host, count(*) FROM parts WHERE false GROUP BY host'),
	('SELECT sum(v) FROM parts WHERE tableoid > 0'),
	('SELECT host, sum(v), count(*) FROM parts GROUP BY GROUPING SETS ((host), ())'),
	('SELECT count(DISTINCT host), array_length(array_agg(n), 1) FROM parts'),
	('SELECT x.host, s FROM (SELECT host, sum(v) AS s FROM parts GROUP BY host) x JOIN parts USING (host) WHERE parts.time = ''2024-01-02'''),
	('SELECT h, (SELECT sum(v) FROM parts WHERE host = h) FROM unnest(ARRAY[''h1'', ''h4'', ''hot'', ''none'']) h'),
	('SELECT b, c FROM (SELECT time_bucket(''1 day'', time) AS b, count(*) AS c FROM parts GROUP BY 1 ORDER BY 1 DESC LIMIT 3) x');
SELECT n, combined(query) FROM queries ORDER BY n;
SET enable_partitionwise_aggregate = on;
SELECT n, combined(query) FROM queries ORDER BY n;
RESET enable_partitionwise_aggregate;
-- many groups and little memory: partial nodes emit groups several times
SET work_mem = '64kB';
-- PostgreSQL 17 would group in the order of a scan
DO $$ BEGIN
	PERFORM set_config(name, 'off', false) FROM pg_settings WHERE name = 'enable_group_by_reordering';
END $$;
SELECT combined('SELECT time, host, sum(v), count(*) FROM parts GROUP BY time, host');
RESET work_mem;
-- in parallel: large partitions are shared, small ones taken whole
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = '16kB'; SET max_parallel_workers_per_gather = 2;
SET rusts.enable_resident_workers = off;
SELECT n, combined(query) FROM queries ORDER BY n;
SET parallel_leader_participation = off;
SELECT n, combined(query) FROM queries ORDER BY n;
RESET parallel_leader_participation; RESET rusts.enable_resident_workers;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; SET max_parallel_workers_per_gather = 0;
-- parameters, rescans
SET plan_cache_mode = force_generic_plan;
PREPARE since(timestamptz, text) AS SELECT count(*), sum(n) FROM parts WHERE time >= $1 AND host = $2;
EXECUTE since('2024-01-04', 'h3');
EXECUTE since('2024-01-06', 'h1');
EXPLAIN (COSTS OFF) EXECUTE since('2024-01-06', 'h1');
EXECUTE since('2034-01-06', 'h1');
SELECT count(*), sum(n) FROM parts_heap WHERE time >= '2024-01-06' AND host = 'h1';
RESET plan_cache_mode;
DEALLOCATE ALL;
-- a partition that is no rusts table, an inheritance parent with rows of its own
CREATE TABLE parts_5 PARTITION OF parts FOR VALUES FROM ('2024-02-01') TO ('2024-02-02') USING heap;
SELECT combined('SELECT host, sum(v) FROM parts GROUP BY host');
DROP TABLE parts_5;
CREATE TABLE family (time timestamptz NOT NULL, host text, v float8) USING rusts;
CREATE TABLE family_child (extra int) INHERITS (family) USING rusts;
INSERT INTO family SELECT time, host, v FROM parts_heap WHERE time < '2024-01-03';
INSERT INTO family_child SELECT time, host, v, n FROM parts_heap WHERE time >= '2024-01-03';
SELECT rusts.flush('family') > 0 AND rusts.flush('family_child') > 0 AS flushed;
ANALYZE family, family_child;
EXPLAIN (COSTS OFF) SELECT host, sum(v) FROM family GROUP BY host;
SELECT count(*) FROM (SELECT host, sum(v) FROM family GROUP BY host EXCEPT SELECT host, sum(v) FROM parts_heap GROUP BY host) x;
-- row-level security on the parent
CREATE ROLE parts_reader;
GRANT SELECT ON parts, parts_heap TO parts_reader;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON parts USING (host = 'h2');
SET ROLE parts_reader;
SELECT host, count(*), sum(n) FROM parts GROUP BY host;
RESET ROLE;
DROP TABLE parts, parts_heap, family, family_child, queries;
DROP FUNCTION combined;
DROP ROLE parts_reader;
