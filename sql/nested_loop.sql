--
-- Rows of another table pick series and times: the inner side of a nested loop
--
SET timezone = 'UTC';
SET rusts.bulk_rows = 1000000000;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE load (time timestamptz NOT NULL, host text, region text, v float8)
USING rusts WITH (rusts.tags = 'host,region');
INSERT INTO load
SELECT timestamptz '2024-01-01' + k * interval '10 s', CASE WHEN k % 100 <> 99 THEN 'host_' || k % 100 END, 'r' || k % 3, k
FROM generate_series(1, 40000) k;
CREATE TABLE load_heap AS SELECT * FROM load;
SELECT rusts.flush('load') > 0 AS flushed;
INSERT INTO load SELECT time + interval '5 days', host, region, v FROM load_heap WHERE v < 300;
INSERT INTO load_heap SELECT time + interval '5 days', host, region, v FROM load_heap WHERE v < 300;
ANALYZE load;
CREATE TABLE machines AS SELECT 'host_' || i AS host, i % 20 AS rack, array['host_' || i, 'host_' || i + 1] AS pair FROM generate_series(0, 99) i;
INSERT INTO machines VALUES (NULL, 5, NULL), ('spare', 5, '{}');
ANALYZE machines;
CREATE TABLE events AS SELECT timestamptz '2024-01-01 12:00' + i * interval '20 hours' AS at, i AS event FROM generate_series(0, 5) i;
ANALYZE events;

EXPLAIN (COSTS OFF) SELECT m.host, avg(v) FROM machines m JOIN load l USING (host) WHERE m.rack = 5 GROUP BY m.host;
EXPLAIN (COSTS OFF) SELECT e.event, l.host, l.v FROM events e JOIN load l ON l.time = e.at;
EXPLAIN (COSTS OFF) SELECT e.event, count(*) FROM events e JOIN load l ON l.time >= e.at AND l.time < e.at + interval '5 min' GROUP BY e.event;
EXPLAIN (COSTS OFF) SELECT * FROM events e, machines m, load l
WHERE l.time BETWEEN e.at - interval '1 min' AND e.at AND l.host = m.host AND m.rack = 7 AND e.event = 1;
EXPLAIN (COSTS OFF) SELECT count(*) FROM machines m JOIN load l ON l.host = ANY (m.pair) WHERE m.rack = 5;
-- for all of them a hash join is better
EXPLAIN (COSTS OFF) SELECT m.rack, count(l.v) FROM machines m JOIN load l USING (host) GROUP BY m.rack;

CREATE FUNCTION same(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	ours text;
	theirs text;
BEGIN
	EXECUTE 'SELECT string_agg(t::text, E''\n'' ORDER BY t::text) FROM (' || query || ') t' INTO ours;
	EXECUTE 'SELECT string_agg(t::text, E''\n'' ORDER BY t::text) FROM (' || replace(query, 'load l', 'load_heap l') || ') t' INTO theirs;
	RETURN ours IS NOT DISTINCT FROM theirs;
END $$;
CREATE VIEW joins AS SELECT unnest(ARRAY[
	$$ SELECT m.host, sum(v) FROM machines m JOIN load l USING (host) WHERE m.rack = 5 GROUP BY m.host $$,
	$$ SELECT m.host, l.time, v FROM machines m LEFT JOIN load l ON l.host = m.host AND v > 39000 WHERE m.rack IN (5, 6) $$,
	$$ SELECT e.event, l.host, l.v FROM events e LEFT JOIN load l ON l.time = e.at $$,
	$$ SELECT e.event, count(*), sum(v) FROM events e JOIN load l ON l.time >= e.at AND l.time < e.at + interval '5 min' GROUP BY e.event $$,
	$$ SELECT e.event, m.rack, l.* FROM events e, machines m, load l WHERE l.time BETWEEN e.at - interval '10 min' AND e.at AND l.host = m.host AND m.rack = 7 $$,
	$$ SELECT count(*), sum(v) FROM machines m JOIN load l ON l.host = ANY (m.pair) WHERE m.rack = 5 $$,
	$$ SELECT l.host, l.time FROM load l WHERE v::int % 7 = 1 AND EXISTS (SELECT FROM machines m WHERE m.host = l.host AND m.rack = 3) $$,
	$$ SELECT l.host, count(*) FROM load l WHERE host IN (SELECT host FROM machines m WHERE rack = 4) AND time < '2024-01-02' GROUP BY 1 $$,
	$$ SELECT m.host, s.* FROM machines m CROSS JOIN LATERAL (SELECT sum(v), max(time) FROM load l WHERE l.host = m.host AND l.region = 'r' || m.rack % 3) s WHERE m.rack < 3 $$,
	$$ SELECT e.event, l.v FROM events e JOIN load l ON time_bucket('5 min', l.time) = time_bucket('5 min', e.at) AND l.host = 'host_5' $$]) AS query;
SELECT count(*), count(*) FILTER (WHERE same(query)) AS same FROM joins;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
SELECT count(*), count(*) FILTER (WHERE same(query)) AS same FROM joins;
SET enable_nestloop = off;
SET enable_mergejoin = on;
SELECT count(*), count(*) FILTER (WHERE same(query)) AS same FROM joins;

DROP VIEW joins;
DROP TABLE load, load_heap, machines, events;
DROP FUNCTION same;
