-- A node's target and HAVING may be less parallel safe than what is below it.
SET timezone = 'UTC';
CREATE TABLE safety (time timestamptz NOT NULL, host text, v int) USING rusts WITH (rusts.tags = 'host');
INSERT INTO safety SELECT '2024-01-01'::timestamptz + g * interval '1 s', 'h' || g % 3, g % 100 FROM generate_series(1, 30000) g;
SELECT rusts.flush('safety');
CREATE TABLE safety_heap AS SELECT * FROM safety;
ANALYZE safety, safety_heap;
CREATE TEMP TABLE lim AS SELECT n FROM (VALUES (1), (5)) x(n);
CREATE FUNCTION restricted(x bigint) RETURNS bigint LANGUAGE plpgsql PARALLEL RESTRICTED AS $$ BEGIN RETURN x + (SELECT count(*) FROM lim); END $$;
CREATE FUNCTION restricted_row(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED AS $$ BEGIN RETURN x; END $$;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
-- sub-plans of temporary tables, below an append
SELECT host, (SELECT count(*) FROM lim WHERE n <= sum(t.v + 1)) FROM safety t GROUP BY host
UNION ALL SELECT host, (SELECT count(*) FROM lim WHERE n <= sum(t.v + 1)) FROM safety t GROUP BY host ORDER BY 1, 2;
SELECT host FROM safety t GROUP BY host HAVING sum(v) > (SELECT max(n) FROM lim)
UNION ALL SELECT host FROM safety t GROUP BY host HAVING sum(v) > (SELECT max(n) FROM lim) ORDER BY 1;
SELECT host FROM safety t GROUP BY host HAVING (SELECT count(*) FROM lim WHERE n <= sum(t.v)) = 2
UNION ALL SELECT host FROM safety t GROUP BY host HAVING (SELECT count(*) FROM lim WHERE n <= sum(t.v)) = 2 ORDER BY 1;
-- functions, in targets, HAVING, arguments and keys
SELECT host, restricted(sum(v)) FROM safety GROUP BY host UNION ALL SELECT host, restricted(sum(v)) FROM safety GROUP BY host ORDER BY 1, 2;
SELECT host FROM safety GROUP BY host HAVING restricted(sum(v)) > 5 UNION ALL SELECT host FROM safety GROUP BY host HAVING restricted(sum(v)) > 5 ORDER BY 1;
SELECT host, sum(restricted_row(v)) FROM safety GROUP BY host UNION ALL SELECT host, sum(restricted_row(v)) FROM safety GROUP BY host ORDER BY 1;
SELECT restricted_row(v % 2), count(*) FROM safety GROUP BY 1 UNION ALL SELECT restricted_row(v % 2), count(*) FROM safety GROUP BY 1 ORDER BY 1;
SELECT DISTINCT restricted_row(v % 2) FROM safety UNION ALL SELECT DISTINCT restricted_row(v % 2) FROM safety ORDER BY 1;
SELECT count(*) FROM safety WHERE restricted_row(v) > 50 UNION ALL SELECT count(*) FROM safety WHERE restricted_row(v) > 50;
-- on the inner side of a parallel hash join
SET enable_mergejoin = off; SET enable_nestloop = off;
SELECT count(*), sum(x) FROM safety_heap h JOIN (SELECT host, (SELECT count(*) FROM lim WHERE n <= sum(t.v + 1)) AS x FROM safety t GROUP BY host) s USING (host);
SELECT count(*), sum(x) FROM safety_heap h JOIN (SELECT host, restricted(sum(v)) AS x FROM safety t GROUP BY host) s USING (host);
SELECT count(*) FROM safety_heap h JOIN (SELECT host FROM safety t GROUP BY host HAVING restricted(sum(v)) > 7) s USING (host);
-- what is safe goes on to run in workers
EXPLAIN (COSTS OFF) SELECT count(*), sum(x) FROM safety_heap h JOIN (SELECT host, sum(v) AS x FROM safety t GROUP BY host) s USING (host);
RESET ALL;
DROP TABLE safety, safety_heap, lim;
DROP FUNCTION restricted, restricted_row;

-- EXPLAIN ANALYZE tells what was read by a node that ran in a worker
CREATE TABLE told (time timestamptz NOT NULL, host text, v int) USING rusts WITH (rusts.tags = 'host');
INSERT INTO told SELECT '2024-01-01'::timestamptz + g * interval '10 s', 'h' || g % 3, g FROM generate_series(1, 25000) g;
SELECT rusts.flush('told') > 0 AS flushed;
ANALYZE told;
CREATE FUNCTION tells(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ 'Groups|Segments|Blocks|Removed|Single Copy' THEN RETURN NEXT trim(line); END IF;
	END LOOP;
END $$;
SET max_parallel_workers_per_gather = 2;
-- debug_parallel_query from PostgreSQL 16 on
DO $$ BEGIN
	PERFORM set_config(name, 'on', false) FROM pg_settings WHERE name IN ('debug_parallel_query', 'force_parallel_mode');
END $$;
SELECT tells('SELECT host, sum(v) FROM told GROUP BY host');
SELECT tells('SELECT host, v FROM told WHERE v > 300');
SELECT tells('SELECT host, v FROM told WHERE v > 300');
DO $$ BEGIN
	PERFORM set_config(name, 'off', false) FROM pg_settings WHERE name IN ('debug_parallel_query', 'force_parallel_mode');
END $$;
SELECT tells('SELECT host, sum(v) FROM told GROUP BY host');
-- below a Parallel Append
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off; SET rusts.enable_resident_workers = off;
SELECT tells('SELECT host, count(DISTINCT v % 10) FROM told GROUP BY host UNION ALL SELECT host, count(DISTINCT v % 10) FROM told WHERE v > 300 GROUP BY host');
RESET ALL;
DROP TABLE told;
DROP FUNCTION tells;
