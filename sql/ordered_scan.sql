--
-- Rows in order without a sort: by tags and time, and by time
--
SET timezone = 'UTC';
SET rusts.bulk_rows = 1000000000;
SET max_parallel_workers_per_gather = 0;

-- Segments of three partitions that overlap in time and share series, NULL
-- tags, rows with equal keys, and hot rows among them.
CREATE TABLE points (
	time timestamptz NOT NULL, host text, region text, i int, v float8, note text
) USING rusts WITH (rusts.tags = 'host,region');
CREATE TABLE points_heap (LIKE points);
CREATE FUNCTION more(series int, n int, start timestamptz, step interval) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO points
	SELECT start + (k / series) * step, CASE WHEN k % series <> 3 THEN 'host_' || k % series END,
		CASE WHEN k % 5 = 0 AND k % series = 2 THEN 'b' WHEN k % series <> 4 THEN 'a' END,
		k, CASE WHEN k % 7 <> 0 THEN k / 4.0 END, repeat('x', k % 30)
	FROM generate_series(1, n) k;
$$;
SELECT more(11, 6000, '2024-01-01 00:00+00', '7 min');
SELECT rusts.flush('points') > 0 AS flushed;
SELECT more(9, 5000, '2024-01-01 03:00+00', '5 min');
SELECT rusts.flush('points') > 0 AS flushed;
SELECT more(10, 3000, '2024-01-02 20:00+00', '-1 min');
SELECT rusts.flush('points') > 0 AS flushed;
SELECT more(6, 300, '2024-01-01 12:00+00', '3 hours');
INSERT INTO points_heap SELECT * FROM points;
ANALYZE points;
ANALYZE points_heap;

-- What only the keys show does not depend on the order of equal rows.
CREATE FUNCTION rows_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r record;
	n int := 0;
	hash text := '';
BEGIN
	FOR r IN EXECUTE query LOOP
		n := n + 1;
		hash := md5(hash || r::text);
	END LOOP;
	RETURN n || ' ' || hash;
END $$;
CREATE FUNCTION same(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	ours text;
	theirs text;
BEGIN
	PERFORM set_config('enable_sort', 'off', true);
	ours := rows_of(query);
	PERFORM set_config('enable_sort', 'on', true);
	theirs := rows_of(replace(query, 'points', 'points_heap'));
	IF ours <> theirs THEN
		RAISE WARNING '% instead of %', ours, theirs;
	END IF;
	RETURN ours = theirs;
END $$;

--
-- Plans
--
EXPLAIN (COSTS OFF) SELECT host, time, v FROM points ORDER BY host, time;
EXPLAIN (COSTS OFF) SELECT host, time, v FROM points ORDER BY host DESC, time DESC;
EXPLAIN (COSTS OFF) SELECT host, time, v FROM points ORDER BY host, time DESC;
EXPLAIN (COSTS OFF) SELECT host, region, time FROM points ORDER BY host, region, time;
EXPLAIN (COSTS OFF) SELECT time, v FROM points ORDER BY time;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT time, v FROM points WHERE host = 'host_5' ORDER BY time DESC;
RESET enable_sort;
-- from PostgreSQL 18 on there is a line more about a window
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line !~ '^ *Window: ' THEN
			RETURN NEXT line;
		END IF;
	END LOOP;
END $$;
SELECT plan('SELECT host, time, lag(v) OVER (PARTITION BY host ORDER BY time) FROM points');
DROP FUNCTION plan(text);
EXPLAIN (COSTS OFF) SELECT DISTINCT ON (host) host, time, v FROM points ORDER BY host, time;
EXPLAIN (COSTS OFF) SELECT host, string_agg(note, '') FROM points GROUP BY host ORDER BY host;
SET enable_hashjoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM points a JOIN points b USING (host, time);
RESET enable_hashjoin;
RESET enable_nestloop;
-- orders that segments are not in, and no order at all
EXPLAIN (COSTS OFF) SELECT host, time FROM points ORDER BY v, time;
EXPLAIN (COSTS OFF) SELECT host, time FROM points ORDER BY host NULLS FIRST, time;
EXPLAIN (COSTS OFF) SELECT host, time FROM points WHERE v < 100;
SET rusts.enable_ordered_scan = off;
EXPLAIN (COSTS OFF) SELECT host, time, v FROM points ORDER BY host, time;
RESET rusts.enable_ordered_scan;

--
-- Rows
--
CREATE VIEW order_queries AS
SELECT format(shape, keys, filter, keys) AS query FROM
(VALUES ('SELECT %s FROM points %s ORDER BY %s'),
	('SELECT %s FROM points %s ORDER BY %s LIMIT (SELECT 123) OFFSET (SELECT 17)')) s (shape),
(VALUES ('host, time'), ('host DESC, time DESC'), ('host, time DESC'), ('host DESC, time'),
	('host'), ('host DESC'), ('host, region, time'), ('host DESC, region DESC, time DESC'),
	('host, region'), ('time'), ('time DESC'), ('region, time'), ('time, host')) k (keys),
(VALUES (''), ('WHERE v > 700'), ('WHERE host = ''host_2'''), ('WHERE host IN (''host_1'', ''host_3'', ''host_8'')'),
	('WHERE host IS NULL'), ('WHERE region = ''b'''), ('WHERE time < ''2024-01-02 07:13+00'''),
	('WHERE time >= ''2024-01-03'''), ('WHERE note LIKE ''%xxxxxxxxxxxxxxxxxxxxx'' AND v < 1000'),
	('WHERE i % 3 = 1'), ('WHERE false AND i > 0'), ('WHERE host = ''nobody''')) f (filter);
SELECT count(*), bool_and(same(query)) FROM order_queries;
-- all columns, of a merge and of sorts
SET enable_sort = off;
SELECT count(*) FROM (SELECT * FROM (SELECT * FROM points ORDER BY host, time OFFSET 0) p
	EXCEPT ALL SELECT * FROM points_heap) d;
SELECT count(*) FROM (SELECT * FROM points_heap
	EXCEPT ALL SELECT * FROM (SELECT * FROM points ORDER BY time DESC OFFSET 0) p) d;
-- TIDs come along
SELECT count(*) FROM (SELECT ctid AS tid, i FROM points ORDER BY host, time OFFSET 0) p
JOIN points q ON q.ctid = p.tid AND q.i = p.i;
SELECT count(*) FROM (SELECT ctid AS tid, i FROM points ORDER BY time OFFSET 0) p
JOIN points q ON q.ctid = p.tid AND q.i = p.i;

RESET enable_sort;

SELECT same('SELECT host, time, sum(v) OVER (PARTITION BY host ORDER BY time) FROM points WHERE host < ''host_5''');
SELECT same('SELECT DISTINCT ON (host) host, time FROM points ORDER BY host, time DESC');
SELECT same('SELECT host, count(*), count(v) FROM points GROUP BY host ORDER BY host');
SELECT same('SELECT a.host, a.time, count(*) FROM points a JOIN points b USING (host, time) GROUP BY 1, 2 ORDER BY 1, 2');

--
-- Again from the beginning, with other parameters; stopping early
--
PREPARE newest (timestamptz, int) AS
SELECT time FROM points WHERE time < $1 ORDER BY time DESC LIMIT $2;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE newest ('2024-01-03', 3);
EXECUTE newest ('2024-01-03', 3);
EXECUTE newest ('2024-01-01 00:10+00', 2);
RESET plan_cache_mode;
SET enable_sort = off;
SELECT d.h, p.* FROM (VALUES ('host_1'), ('host_2'), ('none'), (NULL), ('host_10')) d (h)
LEFT JOIN LATERAL (SELECT host, time FROM points WHERE host = d.h ORDER BY time DESC LIMIT 2) p ON true;
SELECT t, (SELECT array_agg(time) FROM (SELECT time FROM points WHERE time >= t AND host = 'host_5' ORDER BY host, time LIMIT 3) s)
FROM generate_series(timestamptz '2024-01-01', '2024-01-04', '17 hours') t;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT host, time FROM points WHERE i < 200 ORDER BY host, time;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH LAST FROM c;
FETCH FIRST FROM c;
COMMIT;
BEGIN;
SELECT host, time FROM points WHERE time > '2024-01-07' ORDER BY host, time LIMIT 2 FOR UPDATE;
ROLLBACK;
RESET enable_sort;

-- Small memory: sorts spill.
SET work_mem = '64kB';
SELECT same('SELECT time FROM points ORDER BY time');
SELECT same('SELECT host, time FROM points ORDER BY host, time');
RESET work_mem;

-- Many rows at one time, few elsewhere; texts that are not in a dictionary.
CREATE TABLE points2 (time timestamptz NOT NULL, host text, note text) USING rusts WITH (rusts.tags = 'host');
INSERT INTO points2 SELECT timestamptz '2024-01-01' + k * interval '1 min', 'h' || k % 2, md5(k::text) FROM generate_series(1, 1000) k;
INSERT INTO points2 SELECT timestamptz '2024-01-01 09:00+00', 'h' || k % 3, md5(k::text) FROM generate_series(1, 9000) k;
CREATE TABLE points_heap2 AS SELECT * FROM points2;
SELECT rusts.flush('points2') > 0 AS flushed;
SELECT same('SELECT time FROM points2 ORDER BY time');
SET work_mem = '64kB';
SELECT same('SELECT time FROM points2 ORDER BY time DESC');
SET enable_sort = off;
SELECT count(*) FROM (SELECT * FROM (SELECT * FROM points2 ORDER BY time OFFSET 0) p EXCEPT ALL SELECT * FROM points_heap2) d;
SELECT count(*) FROM (SELECT * FROM points_heap2 EXCEPT ALL SELECT * FROM (SELECT * FROM points2 ORDER BY time OFFSET 0) p) d;
INSERT INTO points2 SELECT time - interval '30 min', host, note FROM points2 WHERE note < '5';
TRUNCATE points_heap2;
INSERT INTO points_heap2 SELECT * FROM points2;
SELECT rusts.flush('points2') > 0 AS flushed;
SELECT count(*) FROM (SELECT * FROM (SELECT * FROM points2 WHERE note > '2' ORDER BY time DESC OFFSET 0) p EXCEPT ALL SELECT * FROM points_heap2) d;
SELECT same('SELECT time FROM points2 WHERE note > ''2'' ORDER BY time');
RESET work_mem;
-- a filter sees each row once
CREATE SEQUENCE seen;
SELECT count(*) FROM (SELECT time FROM points2 WHERE nextval('seen') > 0 ORDER BY time OFFSET 0) p;
RESET enable_sort;
SELECT last_value = (SELECT count(*) FROM points2) AS once FROM seen;
DROP SEQUENCE seen;
DROP TABLE points2, points_heap2;

--
-- Segments that were sorted by something else
--
ALTER TABLE points SET (rusts.tags = 'region');
SELECT more(7, 2000, '2024-01-01 05:00+00', '11 min');
TRUNCATE points_heap;
INSERT INTO points_heap SELECT * FROM points;
SELECT rusts.flush('points') > 0 AS flushed;
ALTER TABLE points SET (rusts.tags = 'region,host');
SELECT count(*), bool_and(same(query)) FROM order_queries;
ALTER TABLE points SET (rusts.tags = 'host', rusts.partition_interval = '10 days');
SELECT count(*), bool_and(same(query)) FROM order_queries;

-- Times that go up in v, not in time; NULL times.
CREATE TABLE odd (a timestamp, b timestamp, host text) USING rusts
	WITH (rusts.tags = 'host', rusts.time = 'a', rusts.partition_interval = '10 days');
CREATE TABLE odd_heap (LIKE odd);
CREATE FUNCTION same_odd(query text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RETURN rows_of(query) = rows_of(replace(query, 'odd', 'odd_heap'));
END $$;
INSERT INTO odd SELECT CASE WHEN k % 10 <> 0 THEN timestamp '2024-01-01' + k * interval '1 min' END,
	CASE WHEN k % 9 <> 0 THEN timestamp '2024-01-11' - k * interval '2 min' END, 'h' || k % 3
FROM generate_series(1, 3000) k;
INSERT INTO odd VALUES ('infinity', '-infinity', 'h1'), ('-infinity', 'infinity', 'h1'), ('-infinity', NULL, NULL);
SELECT rusts.flush('odd') > 0 AS flushed;
ALTER TABLE odd SET (rusts.time = 'b');
INSERT INTO odd SELECT b, a, host FROM odd;
INSERT INTO odd_heap SELECT * FROM odd;
SELECT rusts.flush('odd') > 0 AS flushed;
ANALYZE odd;
SET enable_sort = off;
SELECT keys, same_odd(format('SELECT %s FROM odd ORDER BY %s', keys, keys))
FROM unnest('{"host, b","host, b DESC","b","b DESC",host}'::text[]) keys;
ALTER TABLE odd SET (rusts.time = 'a');
SELECT keys, same_odd(format('SELECT %s FROM odd ORDER BY %s', keys, keys))
FROM unnest('{"host, a","host DESC, a DESC","a","a DESC","host DESC"}'::text[]) keys;
RESET enable_sort;

--
-- Row-level security: filters keep their order
--
CREATE ROLE order_reader;
GRANT SELECT ON points TO order_reader;
ALTER TABLE points ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON points FOR SELECT TO order_reader USING (host <> 'host_1' AND i < 400);
CREATE FUNCTION leak(text) RETURNS boolean COST 0.0000001 LANGUAGE plpgsql AS $$
BEGIN
	IF $1 = 'host_1' THEN RAISE NOTICE 'seen'; END IF;
	RETURN true;
END $$;
SET ROLE order_reader;
SET enable_sort = off;
SELECT count(*), count(*) FILTER (WHERE host < last) FROM
	(SELECT host, lag(host) OVER () AS last FROM (SELECT host FROM points WHERE leak(host) ORDER BY host, time) p) q;
RESET enable_sort;
RESET ROLE;

DROP TABLE points, points_heap, odd, odd_heap CASCADE;
DROP FUNCTION more, rows_of, same, same_odd, leak;
DROP ROLE order_reader;
