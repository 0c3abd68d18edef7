-- Commands that read what they write, and cursors that write what they read.
SET timezone = 'UTC';

-- a function of a load looks at the table: no segment for each look
CREATE TABLE own_reads (time timestamptz NOT NULL, v int) USING rusts;
CREATE FUNCTION look() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT v FROM own_reads LIMIT 1); END $$;
INSERT INTO own_reads SELECT '2024-01-01', coalesce(look(), g) FROM generate_series(1, 22000) g;
SELECT segments <= 3 AS few, segment_rows + hot_rows AS rows FROM rusts.tables WHERE relation = 'own_reads'::regclass;
SELECT count(*), min(v), max(v) FROM own_reads;
-- so does a trigger
CREATE FUNCTION look_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.v := (SELECT count(*) FROM own_reads WHERE v < 0) - 1;
	RETURN NEW;
END $$;
TRUNCATE own_reads;
SET rusts.bulk_rows = 100;
CREATE TRIGGER look BEFORE INSERT ON own_reads FOR EACH ROW EXECUTE FUNCTION look_first();
INSERT INTO own_reads SELECT '2024-01-01', 0 FROM generate_series(1, 500);
SELECT segments <= 3 AS few, segment_rows + hot_rows AS rows FROM rusts.tables WHERE relation = 'own_reads'::regclass;
SELECT count(*), min(v), max(v), count(DISTINCT v) FROM own_reads;
DROP TRIGGER look ON own_reads;
-- one that looks seldom keeps its segments
CREATE FUNCTION look_seldom(i int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN i % 1000 = 0 THEN (SELECT count(*) FROM own_reads) ELSE i END;
END $$;
TRUNCATE own_reads;
INSERT INTO own_reads SELECT '2024-01-01', look_seldom(g) FROM generate_series(1, 5000) g;
SELECT segments, segment_rows, hot_rows FROM rusts.tables WHERE relation = 'own_reads'::regclass;
SELECT v FROM own_reads WHERE v % 1000 = 999 ORDER BY v;
-- and one that looks once, early on
TRUNCATE own_reads;
INSERT INTO own_reads SELECT '2024-01-01', CASE WHEN g = 150 THEN look_seldom(1000) ELSE g END FROM generate_series(1, 5000) g;
SELECT segments, segment_rows, hot_rows FROM rusts.tables WHERE relation = 'own_reads'::regclass;
RESET rusts.bulk_rows;
DROP TABLE own_reads;
DROP FUNCTION look, look_first, look_seldom;

-- WHERE CURRENT OF, with a cursor that may go back
CREATE TABLE current_row (time timestamptz NOT NULL, id int, v float8) USING rusts;
INSERT INTO current_row SELECT '2024-01-01'::timestamptz + g * interval '1 min', g % 10, g FROM generate_series(1, 30000) g;
SELECT rusts.flush('current_row') > 0 AS flushed;
INSERT INTO current_row VALUES ('2025-01-01', 22, 0.5), ('2025-01-02', 22, 1.5), ('2025-01-03', 22, 2.5);
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT * FROM current_row WHERE id = 22;
FETCH 2 FROM c;
UPDATE current_row SET v = 0.7 WHERE CURRENT OF c;
FETCH BACKWARD 1 FROM c;
DELETE FROM current_row WHERE CURRENT OF c;
FETCH ABSOLUTE 3 FROM c;
UPDATE current_row SET v = 0.9 WHERE CURRENT OF c;
SELECT * FROM current_row WHERE id = 22 ORDER BY time;
ROLLBACK;
BEGIN;
DECLARE c NO SCROLL CURSOR FOR SELECT v, id FROM current_row WHERE id > 21;
FETCH 2 FROM c;
UPDATE current_row SET v = 0.7 WHERE CURRENT OF c;
SELECT * FROM current_row WHERE id = 22 ORDER BY time;
ROLLBACK;
-- others go on to be vectorised
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, sum(v) FROM current_row GROUP BY id ORDER BY id;
FETCH 2 FROM c;
FETCH PRIOR FROM c;
FETCH LAST FROM c;
FETCH PRIOR FROM c;
ROLLBACK;
DROP TABLE current_row;
