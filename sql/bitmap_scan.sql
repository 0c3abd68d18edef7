--
-- Bitmap scans: exact and lossy, serial and parallel, over hot rows and
-- segments, with the executor asked to prefetch; compared with a heap twin.
--
CREATE TABLE bm (time timestamptz NOT NULL, k int, v int, a int[]) USING rusts;
INSERT INTO bm SELECT '2024-01-01'::timestamptz + i * interval '1 s', i % 1000, i, ARRAY[i % 50, i % 7]
	FROM generate_series(1, 20000) i;
CREATE INDEX bm_k ON bm (k);
CREATE INDEX bm_a ON bm USING gin (a);
SELECT rusts.flush('bm');
INSERT INTO bm SELECT '2024-01-02'::timestamptz + i * interval '1 s', i % 1000, i, ARRAY[i % 50, i % 7]
	FROM generate_series(1, 5000) i;
CREATE TABLE bm_heap USING heap AS SELECT * FROM bm;
CREATE INDEX ON bm_heap (k);
CREATE INDEX ON bm_heap USING gin (a);
ANALYZE bm, bm_heap;

SET enable_seqscan = off;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET rusts.enable_custom_scan = off;
SET effective_io_concurrency = 100;

CREATE FUNCTION bm_differs(condition text) RETURNS TABLE (extra bigint, missing bigint) LANGUAGE plpgsql AS
$$BEGIN RETURN QUERY EXECUTE format(
	'SELECT (SELECT count(*) FROM (SELECT * FROM bm WHERE %1$s EXCEPT ALL SELECT * FROM bm_heap WHERE %1$s) x),
		(SELECT count(*) FROM (SELECT * FROM bm_heap WHERE %1$s EXCEPT ALL SELECT * FROM bm WHERE %1$s) y)', condition);
END$$;

EXPLAIN (COSTS OFF) SELECT sum(v) FROM bm WHERE k = 77;
SELECT sum(v) FROM bm WHERE k = 77;
SELECT * FROM bm_differs('k = 77');
EXPLAIN (COSTS OFF) SELECT sum(v) FROM bm WHERE a @> ARRAY[5];
SELECT * FROM bm_differs('a @> ARRAY[5]');
SELECT * FROM bm_differs('a @> ARRAY[5] AND k BETWEEN 100 AND 400');
SELECT * FROM bm_differs('k = 5 OR k = 900 OR a @> ARRAY[49]');
SET work_mem = '64kB';
SELECT * FROM bm_differs('k BETWEEN 50 AND 900');
RESET work_mem;

SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT sum(v) FROM bm WHERE k BETWEEN 77 AND 300;
SELECT (SELECT sum(v) FROM bm WHERE k BETWEEN 77 AND 300) - (SELECT sum(v) FROM bm_heap WHERE k BETWEEN 77 AND 300) AS difference;
SET max_parallel_workers_per_gather = 0;

-- A plan made before a flush sees what the flush moved.
PREPARE bm_plan AS SELECT count(*), sum(v) FROM bm WHERE k = 3;
SET plan_cache_mode = force_generic_plan;
EXECUTE bm_plan;
SELECT rusts.flush('bm');
EXECUTE bm_plan;

-- Not in subqueries of statements that may have to recheck a row, up to PostgreSQL 17.
CREATE FUNCTION bm_bitmaps(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%Bitmap Heap Scan on bm' THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END $$;
SELECT bm_bitmaps('SELECT v FROM bm_heap h WHERE h.k = 1 AND EXISTS (SELECT FROM bm WHERE bm.k = h.k OFFSET 0)'),
	bm_bitmaps('SELECT v FROM bm_heap h WHERE h.k = 1 AND EXISTS (SELECT FROM bm WHERE bm.k = h.k OFFSET 0) FOR UPDATE')
	= (current_setting('server_version_num')::int >= 180000) AS as_expected;
DROP FUNCTION bm_bitmaps(text);

DROP TABLE bm, bm_heap;
DROP FUNCTION bm_differs(text);
