--
-- EXPLAIN ANALYZE tells how many rows of segments a scan passed over because
-- they were deleted or updated, where it did not skip their blocks.
--
CREATE EXTENSION IF NOT EXISTS rusts;
CREATE TABLE deleted_rows (time timestamptz NOT NULL, k int, v int) USING rusts
WITH (rusts.compaction = off, rusts.flush_age = 0);
INSERT INTO deleted_rows SELECT '2024-01-01'::timestamptz + i * interval '1 s', i, i % 10 FROM generate_series(1, 8192) i;
SELECT rusts.flush('deleted_rows');
ANALYZE deleted_rows;
SET max_parallel_workers_per_gather = 0;
SET rusts.enable_metadata_agg = off;
CREATE FUNCTION deleted_rows_lines(query text) RETURNS SETOF text LANGUAGE plpgsql AS
$$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ 'Rust|Rows Removed|Hot Rows' THEN RETURN NEXT regexp_replace(line, ' \(actual.*', ''); END IF;
	END LOOP;
END
$$;
CREATE FUNCTION deleted_rows_json(query text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Rows Removed by Deletion';
END
$$;

-- None: no line, but in formats for machines.
SELECT deleted_rows_lines('SELECT * FROM deleted_rows WHERE v = 3');
SELECT deleted_rows_json('SELECT * FROM deleted_rows WHERE v = 3');
DELETE FROM deleted_rows WHERE k <= 300;
UPDATE deleted_rows SET v = -1 WHERE k BETWEEN 4001 AND 4100;
SELECT deleted_rows_lines('SELECT * FROM deleted_rows WHERE v = 3');
SELECT deleted_rows_json('SELECT * FROM deleted_rows WHERE v = 3');
SELECT deleted_rows_lines('SELECT k, count(*) FROM deleted_rows WHERE v < 8 GROUP BY k');
-- The blocks with deleted rows are skipped.
SELECT deleted_rows_lines($$SELECT * FROM deleted_rows WHERE time > '2024-01-01 02:00' AND v = 3$$);
SELECT deleted_rows_lines('SELECT * FROM deleted_rows WHERE k BETWEEN 3500 AND 4150 AND v = 3');
-- As the snapshot sees it.
BEGIN;
DELETE FROM deleted_rows WHERE k <= 400;
SELECT deleted_rows_lines('SELECT * FROM deleted_rows WHERE v = 3');
ROLLBACK;
SELECT deleted_rows_lines('SELECT * FROM deleted_rows WHERE v = 3');
-- A compaction leaves none.
SELECT rusts.flush('deleted_rows');
SELECT rusts.compact('deleted_rows', true) > 0 AS compacted;
SELECT deleted_rows_lines('SELECT * FROM deleted_rows WHERE v = 3');
-- Workers' counts are added.
DELETE FROM deleted_rows WHERE k % 4 = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*) AS all_of_them FROM deleted_rows_lines('SELECT * FROM deleted_rows WHERE v < 3') line
WHERE line ~ 'Rows Removed by Deletion: 1973';
DROP FUNCTION deleted_rows_lines, deleted_rows_json;
DROP TABLE deleted_rows;
