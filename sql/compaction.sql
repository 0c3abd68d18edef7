--
-- Segments are merged and written anew, and old ones dropped, without a change
-- to the rows that are left: a twin on a heap has the same.
--
CREATE EXTENSION IF NOT EXISTS rusts;
SET timezone = 'UTC';

CREATE TABLE compaction_heap (time timestamptz NOT NULL, host text, k int PRIMARY KEY, v float8, note text) USING heap;
CREATE TABLE compaction (LIKE compaction_heap INCLUDING ALL) USING rusts
WITH (rusts.tags = 'host', rusts.segment_rows = 20000, rusts.cold_after = '36500 days');

CREATE FUNCTION compaction_differs(OUT way text, OUT extra bigint, OUT missing bigint) RETURNS SETOF record LANGUAGE plpgsql AS
$$
BEGIN
	FOREACH way IN ARRAY ARRAY['rusts.enable_pruning', 'rusts.enable_custom_scan', 'enable_seqscan'] LOOP
		PERFORM set_config(way, 'off', true);
		SELECT count(*) INTO extra FROM (TABLE compaction EXCEPT ALL TABLE compaction_heap) x;
		SELECT count(*) INTO missing FROM (TABLE compaction_heap EXCEPT ALL TABLE compaction) x;
		RETURN NEXT;
	END LOOP;
END
$$;

-- Forty flushes over two days, with rows that come late.
INSERT INTO compaction_heap
SELECT '2024-01-01'::timestamptz + (CASE WHEN i % 100 = 0 THEN i / 2 ELSE i END) * interval '8.64 s', 'h' || i % 7, i, i * 0.5, repeat('x', i % 50)
FROM generate_series(0, 19999) i;
SELECT format('INSERT INTO compaction SELECT * FROM compaction_heap WHERE k BETWEEN %s AND %s', i * 500, i * 500 + 499), 'SELECT rusts.flush(''compaction'') AS rows'
FROM generate_series(0, 39) i \gexec
SELECT count(*) > 40 AS many, sum(rows) AS rows FROM rusts.segments('compaction');

-- What is worth it: eight of a size at a time.
SELECT rusts.compact('compaction') > 0 AS compacted;
SELECT count(*) < 25 AS fewer, sum(rows) AS rows, max(rows) > 3000 AS larger FROM rusts.segments('compaction');
SELECT * FROM compaction_differs();
SELECT * FROM rusts.verify('compaction');

-- All of it: one segment a window, and no row that is gone.
DELETE FROM compaction WHERE k % 5 = 2;
DELETE FROM compaction_heap WHERE k % 5 = 2;
UPDATE compaction SET v = -v WHERE k % 100 = 1;
UPDATE compaction_heap SET v = -v WHERE k % 100 = 1;
SELECT rusts.flush('compaction') AS rows;
SELECT rusts.compact('compaction', true) > 0 AS compacted;
SELECT partition_start, tier, rows, deleted_rows FROM rusts.segments('compaction') ORDER BY 1;
SELECT rusts.compact('compaction', true) AS nothing;
SELECT * FROM compaction_differs();

-- What is done in the same transaction.
BEGIN;
DELETE FROM compaction WHERE k BETWEEN 100 AND 110;
SELECT rusts.compact('compaction', true) AS in_use;
ROLLBACK;
BEGIN;
DELETE FROM compaction WHERE k BETWEEN 100 AND 110;
DELETE FROM compaction_heap WHERE k BETWEEN 100 AND 110;
COMMIT;
BEGIN;
DECLARE c CURSOR FOR SELECT k FROM compaction WHERE k BETWEEN 111 AND 115 ORDER BY k;
SELECT rusts.compact('compaction', true) AS compacted;
UPDATE compaction SET v = 0 WHERE k = 113;
UPDATE compaction_heap SET v = 0 WHERE k = 113;
FETCH ALL FROM c;
COMMIT;
SELECT * FROM compaction_differs();
BEGIN;
DELETE FROM compaction WHERE k = 120;
SAVEPOINT a;
SELECT rusts.compact('compaction', true) AS in_use;
ROLLBACK TO a;
DELETE FROM compaction WHERE k = 121;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT rusts.compact('compaction');
ROLLBACK;
SELECT * FROM compaction_differs();

-- The records of where rows went, and the stubs of segments that are not there,
-- go when nobody can need them.
VACUUM compaction;
SELECT rusts.compact('compaction', true) >= 0 AS done;
SELECT reltoastrelid::regclass AS toast FROM pg_class WHERE oid = 'compaction'::regclass \gset
SELECT count(*) < 4 AS few FROM :toast WHERE chunk_id = 3;
SELECT * FROM compaction_differs();

-- The cold tier, and columns that segments do not have.
ALTER TABLE compaction ADD COLUMN added int DEFAULT 7;
ALTER TABLE compaction_heap ADD COLUMN added int DEFAULT 7;
ALTER TABLE compaction SET (rusts.cold_after = '1 day');
SELECT rusts.compact('compaction') AS compacted;
SELECT partition_start, tier, deleted_rows FROM rusts.segments('compaction') ORDER BY 1;
SELECT DISTINCT compression FROM rusts.segment_columns('compaction') WHERE column_name = 'note';
SELECT * FROM compaction_differs();
VACUUM FULL compaction;
SELECT * FROM compaction_differs();
SELECT * FROM rusts.verify('compaction');

-- Retention: whole segments, and rows of those that reach beyond the bound.
SELECT * FROM drop_chunks('compaction', older_than => '2024-01-02 06:00'::timestamptz);
DELETE FROM compaction_heap WHERE time < '2024-01-02 06:00';
SELECT * FROM compaction_differs();
SELECT * FROM rusts.verify('compaction');
SELECT * FROM drop_chunks('compaction');
SELECT * FROM drop_chunks('compaction', older_than => 5);
SELECT * FROM drop_chunks('compaction', older_than => '2024-01-02 07:00'::timestamptz, newer_than => '2024-01-02 06:30'::timestamptz);
DELETE FROM compaction_heap WHERE time >= '2024-01-02 06:30' AND time < '2024-01-02 07:00';
SELECT * FROM compaction_differs();
CREATE TABLE compaction_ref (k int REFERENCES compaction);
SELECT * FROM drop_chunks('compaction', older_than => interval '1 day');
DROP TABLE compaction_ref;
SELECT drop_chunks('compaction', older_than => interval '1 day') IS NOT NULL AS dropped;
SELECT count(*) FROM compaction;
SELECT add_retention_policy('compaction', interval '30 days') > 0 AS set;
SELECT add_retention_policy('compaction', interval '30 days');
SELECT add_retention_policy('compaction', interval '30 days', if_not_exists => true);
SELECT reloptions FROM pg_class WHERE oid = 'compaction'::regclass;
SELECT remove_retention_policy('compaction');
SELECT remove_retention_policy('compaction');
SELECT remove_retention_policy('compaction', true);
CREATE TABLE compaction_numbers (tick bigint NOT NULL, v int) USING rusts WITH (rusts.time = 'tick', rusts.partition_interval = 100);
INSERT INTO compaction_numbers SELECT i, i FROM generate_series(1, 1000) i;
SELECT rusts.flush('compaction_numbers');
SELECT * FROM drop_chunks('compaction_numbers', older_than => 250);
SELECT count(*), min(tick) FROM compaction_numbers;
SELECT * FROM drop_chunks('compaction_numbers', older_than => interval '1 day');
SELECT add_retention_policy('compaction_numbers', 500) > 0 AS set;
ALTER TABLE compaction_numbers SET (rusts.drop_after = 'soon');

DROP TABLE compaction, compaction_heap, compaction_numbers;
DROP FUNCTION compaction_differs;

-- Foreign keys that refer to a table keep its rows.
CREATE TABLE compaction_referred (time timestamptz NOT NULL, k int PRIMARY KEY) USING rusts;
CREATE TABLE compaction_refers (k int REFERENCES compaction_referred);
SELECT add_retention_policy('compaction_referred', interval '30 days');
SELECT * FROM drop_chunks('compaction_referred', older_than => interval '1 day');
DROP TABLE compaction_refers, compaction_referred;
