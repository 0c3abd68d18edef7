--
-- The table access method: whatever reads or changes rows, over hot rows,
-- segments and both, compared with a heap twin.
--
CREATE TABLE am (time timestamptz NOT NULL, host text, v float8, n int, note text) USING rusts
	WITH (rusts.time = 'time', rusts.tags = 'host');
CREATE TABLE am_heap (LIKE am) USING heap;
INSERT INTO am_heap SELECT '2024-01-01'::timestamptz + i * interval '10 s', 'h' || i % 10,
	CASE i % 50 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN '-0' ELSE i / 7.0 END, i,
	CASE WHEN i % 1000 = 0 THEN repeat('long', i) WHEN i % 3 = 0 THEN NULL ELSE 'note ' || i END
	FROM generate_series(1, 20000) i;
INSERT INTO am SELECT * FROM am_heap;

CREATE FUNCTION am_differs() RETURNS TABLE (extra bigint, missing bigint) LANGUAGE sql AS
$$SELECT (SELECT count(*) FROM (SELECT * FROM am EXCEPT ALL SELECT * FROM am_heap) x),
	(SELECT count(*) FROM (SELECT * FROM am_heap EXCEPT ALL SELECT * FROM am) y)$$;

-- Hot rows behave as in a heap.
UPDATE am SET v = v + 1 WHERE n % 5 = 0;
UPDATE am_heap SET v = v + 1 WHERE n % 5 = 0;
DELETE FROM am WHERE n % 11 = 0;
DELETE FROM am_heap WHERE n % 11 = 0;
SELECT * FROM am_differs();
BEGIN;
DELETE FROM am WHERE n < 100;
SAVEPOINT s;
DELETE FROM am WHERE n >= 100;
SELECT count(*) FROM am;
ROLLBACK TO s;
SELECT count(*) = (SELECT count(*) FROM am_heap WHERE n >= 100) AS same FROM am;
ROLLBACK;
SELECT * FROM am_differs();

-- A flush is seen once by everybody, also when it is rolled back.
BEGIN;
SELECT rusts.flush('am') = (SELECT count(*) FROM am_heap) AS moved_all;
SELECT * FROM am_differs();
ROLLBACK;
SELECT * FROM am_differs();
SELECT rusts.flush('am') = (SELECT count(*) FROM am_heap) AS moved_all;
SELECT * FROM am_differs();
SELECT count(*) AS segments FROM rusts.segments('am');

-- Both kinds of rows from here on.
INSERT INTO am SELECT time + interval '10 days', host, v, n + 20000, note FROM am_heap WHERE n <= 3000;
INSERT INTO am_heap SELECT time + interval '10 days', host, v, n + 20000, note FROM am_heap WHERE n <= 3000;
SELECT * FROM am_differs();

-- System columns.
SELECT tableoid::regclass, count(*), count(DISTINCT ctid) = count(*) AS distinct_ctid,
	bool_and(xmin::text::bigint > 0) AS xmin, max(xmax::text::bigint) AS xmax, max(cmin::text::int) AS cmin
	FROM am GROUP BY tableoid;
SELECT count(*) FROM am a WHERE EXISTS (SELECT FROM am b WHERE b.ctid = a.ctid AND b.n = a.n);

-- Cursors turn around anywhere.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT n FROM am;
MOVE FORWARD 2725 IN c;
FETCH 4 FROM c;
FETCH BACKWARD 6 FROM c;
MOVE FORWARD ALL IN c;
FETCH BACKWARD 2 FROM c;
FETCH FORWARD 3 FROM c;
FETCH BACKWARD 1 FROM c;
MOVE BACKWARD ALL IN c;
FETCH 2 FROM c;
CLOSE c;
DECLARE h SCROLL CURSOR WITH HOLD FOR SELECT n FROM am ORDER BY n;
COMMIT;
FETCH LAST FROM h;
CLOSE h;

-- TIDs and ranges of them.
SELECT count(*) = (SELECT count(*) FROM am_heap WHERE n <= 20000) AS segments_only FROM am WHERE ctid >= '(2147483648,0)';
SELECT count(*) = (SELECT count(*) FROM am_heap WHERE n > 20000) AS hot_only FROM am WHERE ctid < '(2147483648,0)';
-- the rolled back flush has used up the first blocks for good
SELECT segment_id AS first, 2147483648 + segment_id AS block FROM rusts.segments('am') ORDER BY 1 LIMIT 1 \gset
SELECT count(*) FROM am WHERE ctid < format('(%s,1)', :block)::tid AND ctid >= '(2147483648,0)';
SELECT count(*) FROM am WHERE ctid > format('(%s,3)', :block)::tid AND ctid <= format('(%s,400)', :block + 2)::tid;
SELECT count(*) FROM am WHERE ctid >= format('(%s,290)', :block)::tid AND ctid < format('(%s,3)', :block + 1)::tid;
SELECT count(*) FROM am WHERE ctid IN (format('(%s,3)', :block)::tid, format('(%s,292)', :block)::tid,
	format('(%s,0)', :block)::tid, '(2147483648,3)', '(4294967295,1)', '(4294967294,1)');

-- TABLESAMPLE.
SELECT count(*) = (SELECT count(*) FROM am) AS everything FROM am TABLESAMPLE SYSTEM (100);
SELECT count(*) = (SELECT count(*) FROM am) AS everything FROM am TABLESAMPLE BERNOULLI (100);
SELECT count(*) FILTER (WHERE n <= 20000) > 0 AS segments, count(*) FILTER (WHERE n > 20000) > 0 AS hot
	FROM am TABLESAMPLE BERNOULLI (10) REPEATABLE (3);
SELECT (SELECT sum(n) FROM am TABLESAMPLE SYSTEM (20) REPEATABLE (3)) = (SELECT sum(n) FROM am TABLESAMPLE SYSTEM (20) REPEATABLE (3)) AS repeatable;

-- Indexes, built before and after, by every method.
CREATE INDEX am_n ON am (n);
CREATE UNIQUE INDEX am_even ON am (n) WHERE n % 2 = 0;
CREATE INDEX am_expr ON am ((lower(host)), (v IS NULL));
CREATE INDEX am_hash ON am USING hash (host);
CREATE INDEX CONCURRENTLY am_conc ON am (n DESC) INCLUDE (host);
REINDEX INDEX CONCURRENTLY am_n;
REINDEX TABLE am;
SET enable_seqscan = off;
SELECT count(*), sum(n) FROM am WHERE n BETWEEN 19990 AND 20010;
SELECT count(*) FROM am WHERE n BETWEEN 1 AND 20010 AND n % 2 = 0;
SELECT count(*) FROM am WHERE lower(host) = 'h0' AND (v IS NULL);
SELECT count(*) FROM am WHERE host = 'h3';
SELECT n, v, note FROM am WHERE n IN (1, 3, 20002, 40000) ORDER BY n;
INSERT INTO am VALUES ('2024-01-01', 'h1', 0, 12, NULL);
INSERT INTO am VALUES ('2024-01-01', 'h1', 0, 12, NULL) ON CONFLICT DO NOTHING;
INSERT INTO am VALUES ('2024-01-01', 'h1', 0, 20004, 'new') ON CONFLICT (n) WHERE n % 2 = 0 DO UPDATE SET note = excluded.note RETURNING n, note;
UPDATE am_heap SET note = 'new' WHERE n = 20004;
RESET enable_seqscan;
SELECT * FROM am_differs();

-- Segment rows are changed and locked like any (segment_dml has more of it).
UPDATE am SET v = 0 WHERE n = 12;
UPDATE am_heap SET v = 0 WHERE n = 12;
DELETE FROM am WHERE n = 12;
DELETE FROM am_heap WHERE n = 12;
INSERT INTO am VALUES ('2024-01-01', 'h1', 0, 12, 'x') ON CONFLICT (n) WHERE n % 2 = 0 DO UPDATE SET note = excluded.note;
INSERT INTO am_heap VALUES ('2024-01-01', 'h1', 0, 12, 'x');
SELECT n FROM am WHERE n = 12 FOR UPDATE;
SELECT n FROM am WHERE n = 12 FOR NO KEY UPDATE;
SELECT n FROM am WHERE n = 12 FOR SHARE;
SELECT n FROM am WHERE n = 12 FOR KEY SHARE;
CREATE TABLE am_key (k int PRIMARY KEY) USING rusts;
INSERT INTO am_key SELECT generate_series(1, 10);
SELECT rusts.flush('am_key');
CREATE TABLE am_ref (k int REFERENCES am_key);
INSERT INTO am_ref VALUES (3), (7);
INSERT INTO am_ref VALUES (11);
DROP TABLE am_ref, am_key;

-- Parallel scans and builds share the segments out.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET rusts.enable_custom_scan = off;
EXPLAIN (COSTS OFF) SELECT count(*), sum(n), percentile_disc(0.5) WITHIN GROUP (ORDER BY n) FROM am;
SELECT count(*), sum(n), count(DISTINCT n) FROM am;
SET parallel_leader_participation = off;
SELECT count(*), sum(n), count(DISTINCT n) FROM am;
ALTER TABLE am SET (parallel_workers = 2);
SET max_parallel_maintenance_workers = 2;
CREATE INDEX am_parallel ON am (host, n);
RESET parallel_leader_participation;
CREATE INDEX am_parallel2 ON am (n, host);
RESET max_parallel_workers_per_gather;
SET enable_seqscan = off;
SELECT count(*), sum(n) FROM am WHERE host = 'h7';
SELECT count(*), sum(n) FROM am WHERE n > 0 AND host = 'h7';
RESET enable_seqscan;

-- Statistics count everything, whether there are hot rows or not.
ANALYZE am;
SELECT reltuples = (SELECT count(*) FROM am) AS all_rows FROM pg_class WHERE oid = 'am'::regclass;
SELECT attname, n_distinct FROM pg_stats WHERE tablename = 'am' AND attname IN ('host', 'n') ORDER BY 1;
VACUUM am;
SELECT reltuples = (SELECT count(*) FROM am) AS all_rows FROM pg_class WHERE oid = 'am'::regclass;
CREATE TABLE am_only (time timestamptz, n int) USING rusts;
INSERT INTO am_only SELECT '2024-01-01'::timestamptz + i * interval '1 s', i FROM generate_series(1, 5000) i;
SELECT rusts.flush('am_only');
VACUUM am_only;
ANALYZE am_only;
SELECT pg_relation_size('am_only') AS hot_bytes, reltuples FROM pg_class WHERE oid = 'am_only'::regclass;
SELECT attname, n_distinct, correlation FROM pg_stats WHERE tablename = 'am_only' ORDER BY 1;
DROP TABLE am_only;

-- Whole tables: rewritten, clustered, truncated, moved between methods.
VACUUM FULL am;
SELECT * FROM am_differs();
SELECT count(*) > 0 AS segments FROM rusts.segments('am');
CLUSTER am USING am_n;
SELECT * FROM am_differs();
SET enable_seqscan = off;
SELECT count(*), sum(n) FROM am WHERE n BETWEEN 19990 AND 20010;
RESET enable_seqscan;
ALTER TABLE am ADD COLUMN added int DEFAULT 5;
SELECT count(*) = sum(added) / 5 AS filled FROM am;
ALTER TABLE am DROP COLUMN added;
SELECT * FROM am_differs();
ALTER TABLE am ALTER n TYPE bigint;
ALTER TABLE am_heap ALTER n TYPE bigint;
SELECT * FROM am_differs();
SELECT count(*) AS segments FROM rusts.segments('am');
ALTER TABLE am SET ACCESS METHOD heap;
SELECT * FROM am_differs();
ALTER TABLE am SET ACCESS METHOD rusts;
SELECT rusts.flush('am') > 0 AS moved;
SELECT * FROM am_differs();
BEGIN;
TRUNCATE am;
SELECT count(*) FROM am;
ROLLBACK;
SELECT * FROM am_differs();
TRUNCATE am;
SELECT count(*) FROM am;
SELECT count(*) AS segments FROM rusts.segments('am');

-- Index entries of a flush that was rolled back go with VACUUM.
CREATE TABLE am_stale (time timestamptz, n int) USING rusts;
CREATE INDEX am_stale_n ON am_stale (n);
INSERT INTO am_stale SELECT '2024-01-01', i FROM generate_series(1, 1000) i;
BEGIN;
SELECT rusts.flush('am_stale');
ROLLBACK;
SELECT rusts.flush('am_stale');
SET enable_seqscan = off;
SELECT count(*) FROM am_stale WHERE n > 0;
VACUUM am_stale;
SELECT count(*) FROM am_stale WHERE n > 0;
SELECT reltuples FROM pg_class WHERE oid = 'am_stale_n'::regclass;
RESET enable_seqscan;

-- Temporary, unlogged, materialised.
CREATE TEMP TABLE am_temp (time timestamptz, n int) USING rusts ON COMMIT DELETE ROWS;
BEGIN;
SET LOCAL rusts.bulk_rows = 1;
INSERT INTO am_temp SELECT '2024-01-01', i FROM generate_series(1, 1000) i;
SELECT count(*) AS segments FROM rusts.segments('pg_temp.am_temp');
SELECT count(*), sum(n) FROM am_temp;
COMMIT;
SELECT count(*) FROM am_temp;
CREATE UNLOGGED TABLE am_unlogged (time timestamptz, n int) USING rusts;
INSERT INTO am_unlogged SELECT '2024-01-01', i FROM generate_series(1, 1000) i;
SELECT rusts.flush('am_unlogged');
ALTER TABLE am_unlogged SET LOGGED;
SELECT count(*), sum(n) FROM am_unlogged;
CREATE MATERIALIZED VIEW am_view USING rusts AS SELECT * FROM am_heap;
REFRESH MATERIALIZED VIEW am_view;
SELECT count(*) = (SELECT count(*) FROM am_heap) AS same FROM am_view;

DROP MATERIALIZED VIEW am_view;
DROP TABLE am, am_heap, am_stale, am_temp, am_unlogged;
DROP FUNCTION am_differs();
