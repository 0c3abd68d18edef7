--
-- rusts.flush_every_commit: rows are in segments when the next statement runs.
-- The setting is a test module's (test/commitflush), which other suites use.
--
LOAD 'rusts_commitflush';
SET rusts.flush_every_commit = on;
CREATE TABLE cf (time timestamptz NOT NULL, host text, v int) USING rusts WITH (rusts.tags = 'host');
INSERT INTO cf SELECT '2024-01-01'::timestamptz + i * interval '1 minute', 'h' || i % 3, i FROM generate_series(1, 100) i;
SELECT count(*), sum(v) FROM cf;
SELECT hot_rows, segments, segment_rows FROM rusts.tables WHERE relation = 'cf'::regclass;

-- A statement that fails takes the flush back with it.
INSERT INTO cf VALUES ('2024-01-02', 'h1', 1000);
SELECT count(*), 1 / (count(*) - count(*)) FROM cf;
SELECT count(*), sum(v) FROM cf;
SELECT hot_rows FROM rusts.tables WHERE relation = 'cf'::regclass;
INSERT INTO cf VALUES ('2024-01-02', 'h1', 1001);
SELECT count(*), 1 / (count(*) - count(*)) FROM cf;
SET rusts.flush_every_commit = off;
SELECT hot_rows FROM rusts.tables WHERE relation = 'cf'::regclass;
SET rusts.flush_every_commit = on;
INSERT INTO cf VALUES ('2024-01-02', 'h1', 1002);
SELECT hot_rows, segment_rows FROM rusts.tables WHERE relation = 'cf'::regclass;

-- A transaction block is left alone, and so are functions.
INSERT INTO cf VALUES ('2024-01-03', 'h1', 2000);
BEGIN;
SELECT count(*), sum(v) FROM cf;
SELECT hot_rows FROM rusts.tables WHERE relation = 'cf'::regclass;
INSERT INTO cf VALUES ('2024-01-03', 'h1', 2001);
SELECT count(*), sum(v) FROM cf;
COMMIT;
SELECT count(*), sum(v) FROM cf;
SELECT hot_rows FROM rusts.tables WHERE relation = 'cf'::regclass;
CREATE FUNCTION cf_count() RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM cf); END$$;
INSERT INTO cf VALUES ('2024-01-03', 'h1', 2002);
SELECT cf_count();
SET rusts.flush_every_commit = off;
SELECT hot_rows FROM rusts.tables WHERE relation = 'cf'::regclass;
SET rusts.flush_every_commit = on;

-- Utility statements.
INSERT INTO cf VALUES ('2024-01-04', 'h1', 3000);
COPY (SELECT count(*), sum(v) FROM cf) TO STDOUT;
INSERT INTO cf VALUES ('2024-01-04', 'h1', 3001);
CREATE TABLE cf_copy USING rusts AS SELECT * FROM cf;
SELECT (SELECT count(*) FROM cf), (SELECT count(*) FROM cf_copy);
INSERT INTO cf VALUES ('2024-01-04', 'h1', 3002);
CREATE INDEX cf_v ON cf (v);
SELECT count(*) FROM cf WHERE v = 3002;
INSERT INTO cf VALUES ('2024-01-04', 'h1', 3003);
VACUUM cf;
PREPARE cf_prepared AS SELECT count(*), sum(v) FROM cf;
EXECUTE cf_prepared;
INSERT INTO cf VALUES ('2024-01-04', 'h1', 3004);
EXECUTE cf_prepared;
INSERT INTO cf VALUES ('2024-01-04', 'h1', 3005);
ALTER TABLE cf ADD COLUMN w int DEFAULT 7;
SELECT count(*), sum(v), sum(w) FROM cf;

-- Other isolation levels and read-only transactions go without.
INSERT INTO cf VALUES ('2024-01-05', 'h1', 4000);
SET default_transaction_isolation = 'repeatable read';
SELECT count(*), sum(v) FROM cf;
RESET default_transaction_isolation;
SET default_transaction_read_only = on;
SELECT count(*), sum(v) FROM cf;
SET default_transaction_read_only = off;
SELECT count(*), sum(v) FROM cf;
SELECT hot_rows FROM rusts.tables WHERE relation = 'cf'::regclass;

-- Temporary tables are flushed like others; nobody else could do it.
CREATE TEMP TABLE cf_temp (time timestamptz NOT NULL, v int) USING rusts;
INSERT INTO cf_temp SELECT '2024-01-01'::timestamptz, i FROM generate_series(1, 10) i;
SELECT count(*), sum(v) FROM cf_temp;
SELECT hot_rows, segment_rows FROM rusts.tables WHERE relation = 'cf_temp'::regclass;

-- What is dropped meanwhile is no problem.
INSERT INTO cf_temp VALUES ('2024-01-02', 1);
DROP TABLE cf_temp;
SELECT count(*) FROM cf;

DROP TABLE cf, cf_copy;
DROP FUNCTION cf_count();
RESET rusts.flush_every_commit;
