-- Parallel scans: every row of every segment once, whoever reads it.
SET client_min_messages = warning;
CREATE TABLE pieces (time timestamptz NOT NULL, host text, id int, v float8)
	USING rusts WITH (rusts.time = 'time', rusts.tags = 'host', rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = 0);
-- segments of very different sizes, also of less than a block
CREATE PROCEDURE add_rows(rows int) LANGUAGE plpgsql AS $$
DECLARE
	before int := coalesce((SELECT max(id) FROM pieces), 0);
BEGIN
	SET LOCAL rusts.enable_bulk_write = off;
	INSERT INTO pieces SELECT '2024-01-01+00'::timestamptz + g * interval '1 s', 'host_' || g % 7, g, g % 1000
	FROM generate_series(before + 1, before + rows) g;
	PERFORM rusts.flush('pieces');
END $$;
CALL add_rows(100000);
CALL add_rows(10);
CALL add_rows(32768);
CALL add_rows(32769);
CALL add_rows(1);
CALL add_rows(70000);
CALL add_rows(1024);
INSERT INTO pieces SELECT '2024-02-01+00'::timestamptz + g * interval '1 s', 'hot', 236572 + g, 0 FROM generate_series(1, 500) g;
VACUUM ANALYZE pieces;
SELECT count(*) AS segments FROM rusts.segments('pieces');

SET rusts.enable_resident_workers = off;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET rusts.enable_metadata_agg = off;
CREATE FUNCTION answers(filter text, workers int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	plan text := '';
	line text;
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) SELECT count(*), sum(id), count(v) FROM pieces WHERE ' || filter LOOP
		plan := plan || line;
	END LOOP;
	EXECUTE 'SELECT count(*) || '' '' || sum(id::bigint) || '' '' || count(v) FROM pieces WHERE ' || filter INTO result;
	RETURN (workers = 0 OR plan ~ 'Gather') || ' ' || result;
END $$;
SELECT filter, answers(filter, 0) AS serial,
	bool_and(answers(filter, workers) = answers(filter, 0)) AS same
FROM (VALUES ('true'), ('v < 100'), ('host = ''host_3'''), ('time >= ''2024-01-02+00'''), ('time < ''2024-01-01 20:00+00'' OR v = 5'),
	('id BETWEEN 99000 AND 133000'), ('time BETWEEN ''2024-01-02 03:40+00'' AND ''2024-01-02 12:54:38+00''')) f (filter),
	generate_series(1, 5) workers
GROUP BY filter ORDER BY filter COLLATE "C";
SET parallel_leader_participation = off;
SELECT answers('v < 100', 2) = answers('v < 100', 0) AS same, answers('true', 4) = answers('true', 0) AS same;
RESET parallel_leader_participation;

-- rows instead of states: each once
SET max_parallel_workers_per_gather = 3;
EXPLAIN (COSTS OFF) SELECT id FROM pieces WHERE v > 900;
SELECT count(*), count(DISTINCT id), sum(id::bigint) FROM (SELECT id FROM pieces WHERE v > 900 OFFSET 0) rows;
-- groups that several participants have
SELECT count(*), sum(n), sum(s) FROM (SELECT time_bucket('1 hour', time), host, count(*) n, sum(id::bigint) s FROM pieces GROUP BY 1, 2) groups;
-- pruned segments are counted once, not by each participant
CREATE FUNCTION pruned(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
	RETURN format('%s of %s segments', jsonb_path_query_first(plan, '$.**."Segments Pruned by Summary"'), jsonb_path_query_first(plan, '$.**."Segments"'));
END $$;
SELECT pruned('SELECT sum(id) FROM pieces WHERE time > ''2024-01-02 13:00+00'''), pruned('SELECT sum(id) FROM pieces WHERE v < 0');

-- no more processes than processors, unless they are free or ordered
RESET parallel_setup_cost;
SET parallel_tuple_cost = 0.1;
SET max_parallel_workers_per_gather = 7;
ALTER TABLE pieces SET (parallel_workers = 5);
SET parallel_setup_cost = 1;
EXPLAIN (COSTS OFF) SELECT sum(v) FROM pieces;
DROP FUNCTION answers, pruned;
DROP PROCEDURE add_rows;
DROP TABLE pieces;
