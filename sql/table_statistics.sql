--
-- pg_stat_user_tables says of a rusts table what it says of a heap, wherever
-- the rows are; but rows that a flush has moved are dead until VACUUM comes.
--
CREATE EXTENSION IF NOT EXISTS rusts;
CREATE TABLE counted (time timestamptz NOT NULL, k int, v int) USING rusts
WITH (rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = 0, rusts.compaction = off);
CREATE TABLE counted_heap (LIKE counted) USING heap;

CREATE VIEW counted_statistics AS
SELECT relname, n_tup_ins, n_tup_upd, n_tup_del, n_live_tup, n_dead_tup FROM pg_stat_user_tables
WHERE relname LIKE 'counted%' ORDER BY relname DESC;
-- a statement on both, of which the heap says the same
CREATE PROCEDURE counted_do(statement text) LANGUAGE plpgsql AS
$$
BEGIN
	EXECUTE format(statement, 'counted');
	EXECUTE format(statement, 'counted_heap');
END
$$;
CALL counted_do('INSERT INTO %s SELECT ''2024-01-01'', i, i FROM generate_series(1, 1000) i');
SELECT pg_stat_force_next_flush();
SELECT * FROM counted_statistics;
-- A flush: the same rows are alive, and as many dead.
SELECT rusts.flush('counted');
SELECT pg_stat_force_next_flush();
SELECT * FROM counted_statistics;
VACUUM counted;
SELECT * FROM counted_statistics;
-- Changes of segment rows, one of them rolled back, one half.
CALL counted_do('UPDATE %s SET v = -v WHERE k <= 100');
CALL counted_do('DELETE FROM %s WHERE k BETWEEN 101 AND 150');
BEGIN;
CALL counted_do('DELETE FROM %s WHERE k BETWEEN 501 AND 520');
ROLLBACK;
BEGIN;
SAVEPOINT s;
CALL counted_do('UPDATE %s SET v = 0 WHERE k BETWEEN 601 AND 610');
ROLLBACK TO s;
CALL counted_do('DELETE FROM %s WHERE k BETWEEN 151 AND 160');
COMMIT;
SELECT pg_stat_force_next_flush();
SELECT * FROM counted_statistics;
VACUUM counted, counted_heap;
SELECT * FROM counted_statistics;
SELECT rusts.flush('counted');
SELECT rusts.compact('counted', true) > 0 AS compacted;
SELECT pg_stat_force_next_flush();
SELECT * FROM counted_statistics;
ANALYZE counted, counted_heap;
SELECT * FROM counted_statistics;
VACUUM counted, counted_heap;
SELECT * FROM counted_statistics;
-- A load straight into segments, and retention.
SET rusts.bulk_rows = 100;
CALL counted_do('INSERT INTO %s SELECT ''2024-02-01'', i, i FROM generate_series(1, 500) i');
SELECT pg_stat_force_next_flush();
SELECT * FROM counted_statistics;
SELECT count(*) FROM drop_chunks('counted', timestamptz '2024-01-15');
DELETE FROM counted_heap WHERE time < '2024-01-15';
SELECT pg_stat_force_next_flush();
SELECT * FROM counted_statistics;
VACUUM counted, counted_heap;
SELECT * FROM counted_statistics;
-- A compaction leaves entries in indexes that VACUUM removes.
CREATE INDEX ON counted (k);
DELETE FROM counted WHERE k > 300;
SELECT rusts.compact('counted', true) > 0 AS compacted;
SELECT pg_stat_force_next_flush();
SELECT n_live_tup, n_dead_tup FROM counted_statistics WHERE relname = 'counted';
VACUUM counted;
SELECT n_live_tup, n_dead_tup FROM counted_statistics WHERE relname = 'counted';
-- What TOAST has of it, stubs among others, is counted as in any TOAST table.
UPDATE counted SET v = 0 WHERE k <= 100;
SELECT pg_stat_force_next_flush();
SELECT reltoastrelid::regclass AS toast FROM pg_class WHERE relname = 'counted' \gset
SELECT n_live_tup = (SELECT count(*) FROM :toast) AS live, n_tup_ins > 100 AS inserted, n_tup_del > 0 AS deleted, n_dead_tup
FROM pg_stat_all_tables WHERE relid = :'toast'::regclass;
VACUUM counted;
SELECT n_live_tup = (SELECT count(*) FROM :toast) AS live, n_dead_tup
FROM pg_stat_all_tables WHERE relid = :'toast'::regclass;
DROP PROCEDURE counted_do;
DROP VIEW counted_statistics;
DROP TABLE counted, counted_heap;
