--
-- BRIN indexes are refused on tables with storage for segments, however they
-- would come about, and nothing of them is left.
--
CREATE EXTENSION IF NOT EXISTS rusts;
CREATE TABLE brin_plain (time timestamptz NOT NULL, k int) USING rusts;
INSERT INTO brin_plain SELECT '2024-01-01', i FROM generate_series(1, 100) i;
CREATE INDEX ON brin_plain USING brin (time);
CREATE INDEX CONCURRENTLY ON brin_plain USING brin (time);
CREATE INDEX ON brin_plain USING brin ((k + 1)) WHERE k > 5;
SELECT rusts.flush('brin_plain');
CREATE INDEX ON brin_plain USING brin (time);
CREATE INDEX ON brin_plain USING btree (time);

-- Partitions: the index above, the partition that comes later, the one attached.
CREATE TABLE brin_parts (time timestamptz NOT NULL, k int) PARTITION BY RANGE (k);
CREATE TABLE brin_part_heap PARTITION OF brin_parts FOR VALUES FROM (0) TO (10) USING heap;
CREATE INDEX brin_parts_time ON brin_parts USING brin (time);
CREATE TABLE brin_part_rusts PARTITION OF brin_parts FOR VALUES FROM (10) TO (20) USING rusts;
CREATE TABLE brin_part_rusts (time timestamptz NOT NULL, k int) USING rusts;
ALTER TABLE brin_parts ATTACH PARTITION brin_part_rusts FOR VALUES FROM (10) TO (20);
DROP INDEX brin_parts_time;
ALTER TABLE brin_parts ATTACH PARTITION brin_part_rusts FOR VALUES FROM (10) TO (20);
CREATE INDEX ON brin_parts USING brin (time);

-- Copies of a definition, and conversion.
CREATE TABLE brin_heap (time timestamptz NOT NULL, k int) USING heap;
CREATE INDEX brin_heap_time ON brin_heap USING brin (time);
CREATE TABLE brin_like (LIKE brin_heap INCLUDING ALL) USING rusts;
ALTER TABLE brin_heap SET ACCESS METHOD rusts;
CREATE MATERIALIZED VIEW brin_view USING heap AS SELECT * FROM brin_plain;
CREATE INDEX ON brin_view USING brin (time);
ALTER MATERIALIZED VIEW brin_view SET ACCESS METHOD rusts;
DROP INDEX brin_heap_time;
ALTER TABLE brin_heap SET ACCESS METHOD rusts;
SELECT c.relname FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'brin' AND c.relname LIKE 'brin%';

-- Without storage for segments a table is a heap, and may have one; it goes on
-- being maintained when the table gets a storage, and is not used any more.
SET default_table_access_method = rusts;
CREATE TABLE brin_storeless (k int, v int);
RESET default_table_access_method;
INSERT INTO brin_storeless SELECT i, i FROM generate_series(1, 5000) i;
CREATE INDEX brin_storeless_k ON brin_storeless USING brin (k);
SET enable_seqscan = off;
SELECT count(*) FROM brin_storeless WHERE k < 10;
ALTER TABLE brin_storeless SET (rusts.segment_rows = 2000);
SELECT rusts.flush('brin_storeless');
SELECT count(*) FROM brin_storeless WHERE k < 10;
INSERT INTO brin_storeless VALUES (-1, -1);
SELECT brin_summarize_new_values('brin_storeless_k') >= 0 AS summarized;
VACUUM FULL brin_storeless;
REINDEX TABLE brin_storeless;
SELECT count(*) FROM brin_storeless WHERE k < 10;
RESET enable_seqscan;
CREATE INDEX ON brin_storeless USING brin (v);

DROP MATERIALIZED VIEW brin_view;
DROP TABLE brin_plain, brin_parts, brin_heap, brin_storeless;
