--
-- Rows in segments are changed by all kinds of statements as a heap's are: a
-- twin on a heap gets the same ones, and every way of reading sees the same.
--
CREATE EXTENSION IF NOT EXISTS rusts;
SET timezone = 'UTC';

CREATE TABLE dml_heap (time timestamptz NOT NULL, host text, k int PRIMARY KEY, u int UNIQUE, v float8, note text) USING heap;
CREATE TABLE dml (LIKE dml_heap INCLUDING ALL) USING rusts WITH (rusts.tags = 'host');
CREATE INDEX ON dml USING gin ((string_to_array(note, ' ')));
CREATE INDEX ON dml USING hash (host);
INSERT INTO dml_heap
SELECT '2024-01-01'::timestamptz + i * interval '1 min', 'h' || i % 7, i, -i, i * 0.25, CASE WHEN i % 10 > 0 THEN 'row ' || i END
FROM generate_series(1, 20000) i;
INSERT INTO dml SELECT * FROM dml_heap;

-- Differences, by every way to read.  0 and 0: none.
CREATE FUNCTION dml_differs(OUT way text, OUT extra bigint, OUT missing bigint) RETURNS SETOF record LANGUAGE plpgsql AS
$$
DECLARE
	setting text;
BEGIN
	FOREACH setting IN ARRAY ARRAY['', 'rusts.enable_custom_scan', 'enable_seqscan'] LOOP
		way := 'without ' || coalesce(nullif(setting, ''), 'nothing');
		IF setting <> '' THEN
			PERFORM set_config(setting, 'off', true);
		END IF;
		SELECT count(*) INTO extra FROM (TABLE dml EXCEPT ALL TABLE dml_heap) x;
		SELECT count(*) INTO missing FROM (TABLE dml_heap EXCEPT ALL TABLE dml) x;
		IF (SELECT (count(*), count(note), min(time), max(time), sum(k), min(v), max(v), sum(v)) FROM dml) IS DISTINCT FROM
			(SELECT (count(*), count(note), min(time), max(time), sum(k), min(v), max(v), sum(v)) FROM dml_heap) THEN
			way := way || ': aggregates differ';
		END IF;
		IF (SELECT array_agg((host, n, s) ORDER BY host) FROM (SELECT host, count(*) n, sum(k) s FROM dml GROUP BY host) x) IS DISTINCT FROM
			(SELECT array_agg((host, n, s) ORDER BY host) FROM (SELECT host, count(*) n, sum(k) s FROM dml_heap GROUP BY host) x) THEN
			way := way || ': groups differ';
		END IF;
		RETURN NEXT;
	END LOOP;
END
$$;

-- Run a statement on both: what it says must be the same.
CREATE FUNCTION dml_both(statement text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	result text[] := '{}';
	name text;
	one text;
	n bigint;
BEGIN
	FOREACH name IN ARRAY ARRAY['dml_heap', 'dml'] LOOP
		BEGIN
			IF statement ~* 'returning|^select|^with' THEN
				EXECUTE 'WITH s AS (' || replace(statement, '@', name) || ') SELECT string_agg(s::text, '' '' ORDER BY s::text) FROM s' INTO one;
			ELSE
				EXECUTE replace(statement, '@', name);
				GET DIAGNOSTICS n = ROW_COUNT;
				one := n || ' rows';
			END IF;
		EXCEPTION WHEN OTHERS THEN
			one := SQLSTATE;
		END;
		result := result || coalesce(one, 'nothing');
	END LOOP;
	RETURN CASE WHEN result[1] = result[2] THEN result[1] ELSE 'DIFFERENT: ' || result::text END;
END
$$;

SELECT rusts.flush('dml');
SELECT * FROM dml_differs();

-- One row, many rows, all rows of a series, through other tables.
SELECT dml_both('DELETE FROM @ WHERE k = 17 RETURNING k, note');
SELECT dml_both('DELETE FROM @ WHERE k = 17 RETURNING k, note');
SELECT dml_both('UPDATE @ SET v = v + 1000, note = ''changed '' || k WHERE k BETWEEN 100 AND 110 RETURNING k, u, v, note');
SELECT dml_both('UPDATE @ SET k = k + 100000 WHERE k BETWEEN 200 AND 205 RETURNING k, u');
SELECT dml_both('UPDATE @ SET k = 300 WHERE k = 301');
SELECT dml_both('UPDATE @ SET u = u - 1 WHERE k = 300');
SELECT dml_both('DELETE FROM @ WHERE host = ''h3'' AND time < ''2024-01-03''');
SELECT dml_both('DELETE FROM @ t USING generate_series(1000, 2000, 10) g WHERE t.k = g');
SELECT dml_both('UPDATE @ t SET note = x.note FROM @ x WHERE x.k = t.k + 1 AND t.k % 1000 = 5');
SELECT dml_both('INSERT INTO @ VALUES (''2024-01-01'', ''h1'', 17, -17, 0, ''again'')');
SELECT dml_both('INSERT INTO @ VALUES (''2024-01-01'', ''h1'', 18, -18, 0, ''twice'')');
SELECT dml_both('INSERT INTO @ VALUES (''2024-01-01'', ''h1'', 18, -18, 0, ''twice'') ON CONFLICT DO NOTHING');
SELECT dml_both('INSERT INTO @ SELECT time, host, k, u, v, ''upserted'' FROM @ WHERE k BETWEEN 2500 AND 2520 ON CONFLICT (k) DO UPDATE SET note = excluded.note, v = @.v * 2 RETURNING k, v, note');
SELECT dml_both('INSERT INTO @ SELECT time, host, k, u, v, note FROM @ WHERE k = 2501 UNION ALL SELECT time, host, k, u, v, note FROM @ WHERE k = 2501 ON CONFLICT (k) DO UPDATE SET v = 0');
SELECT dml_both('MERGE INTO @ t USING (SELECT g FROM generate_series(3000, 3010) g UNION SELECT 50000) s ON t.k = s.g
	WHEN MATCHED AND s.g % 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET note = ''merged''
	WHEN NOT MATCHED THEN INSERT VALUES (''2024-02-01'', ''h9'', s.g, -s.g, 1, ''new'')');
SELECT dml_both('SELECT k FROM @ WHERE k BETWEEN 4000 AND 4003 FOR UPDATE');
SELECT dml_both('UPDATE @ SET v = NULL WHERE k = 19999');
SELECT dml_both('DELETE FROM @ WHERE k IN (1, 20000)');
SELECT * FROM dml_differs();
SELECT count(*) FROM rusts.verify('dml');

-- The same rows again: now some are hot.
SELECT dml_both('UPDATE @ SET v = v + 1 WHERE k BETWEEN 95 AND 115');
SELECT dml_both('DELETE FROM @ WHERE k BETWEEN 105 AND 107');
SELECT rusts.flush('dml') > 0 AS flushed;
SELECT dml_both('UPDATE @ SET v = v + 1 WHERE k BETWEEN 95 AND 115');
SELECT dml_both('DELETE FROM @ WHERE k = 17');
SELECT * FROM dml_differs();

-- Savepoints; a command does not see its own changes, the next one does.
BEGIN;
SELECT dml_both('DELETE FROM @ WHERE k = 5000');
SAVEPOINT a;
SELECT dml_both('DELETE FROM @ WHERE k BETWEEN 5000 AND 5010');
SELECT dml_both('SELECT count(*), sum(k) FROM @');
ROLLBACK TO a;
SELECT dml_both('SELECT count(*), sum(k) FROM @');
SELECT dml_both('UPDATE @ SET v = -5 WHERE k BETWEEN 5000 AND 5010 RETURNING k, v');
SAVEPOINT b;
SELECT dml_both('UPDATE @ SET v = -6 WHERE k BETWEEN 5000 AND 5010 RETURNING k, v');
SELECT dml_both('DELETE FROM @ WHERE k = 5003');
RELEASE b;
COMMIT;
SELECT * FROM dml_differs();
BEGIN;
SELECT dml_both('DELETE FROM @');
SELECT dml_both('SELECT count(*), sum(k), min(time) FROM @');
ROLLBACK;
SELECT * FROM dml_differs();

-- Cursors: what they see is what there was when they were opened.
BEGIN;
DECLARE h CURSOR FOR SELECT k, v FROM dml_heap WHERE k BETWEEN 6000 AND 6004 ORDER BY k;
DECLARE r CURSOR FOR SELECT k, v FROM dml WHERE k BETWEEN 6000 AND 6004 ORDER BY k;
SELECT dml_both('DELETE FROM @ WHERE k = 6001');
SELECT dml_both('UPDATE @ SET v = -1 WHERE k = 6002');
FETCH ALL FROM h;
FETCH ALL FROM r;
COMMIT;
BEGIN;
DECLARE h CURSOR FOR SELECT * FROM dml_heap WHERE k = 6010;
DECLARE r CURSOR FOR SELECT * FROM dml WHERE k = 6010;
MOVE h; MOVE r;
UPDATE dml_heap SET note = 'current' WHERE CURRENT OF h;
UPDATE dml SET note = 'current' WHERE CURRENT OF r;
DECLARE h2 CURSOR FOR SELECT * FROM dml_heap WHERE k = 6011 FOR UPDATE;
DECLARE r2 CURSOR FOR SELECT * FROM dml WHERE k = 6011 FOR UPDATE;
MOVE h2; MOVE r2;
DELETE FROM dml_heap WHERE CURRENT OF h2;
DELETE FROM dml WHERE CURRENT OF r2;
COMMIT;
SELECT * FROM dml_differs();

-- Two-phase commit.
BEGIN;
SELECT dml_both('DELETE FROM @ WHERE k BETWEEN 7000 AND 7002');
SELECT dml_both('UPDATE @ SET v = 7 WHERE k BETWEEN 7003 AND 7005');
PREPARE TRANSACTION 'dml';
SELECT k, v FROM dml WHERE k BETWEEN 7000 AND 7005 ORDER BY k;
SET lock_timeout = '10ms';
SELECT dml_both('DELETE FROM @ WHERE k = 7000');
SELECT dml_both('SELECT k FROM @ WHERE k = 7003 FOR UPDATE NOWAIT');
SELECT dml_both('SELECT k FROM @ WHERE k BETWEEN 6999 AND 7006 FOR UPDATE SKIP LOCKED');
SELECT dml_both('SELECT k FROM @ WHERE k = 7003 FOR KEY SHARE');
RESET lock_timeout;
COMMIT PREPARED 'dml';
SELECT * FROM dml_differs();

-- Rewrites keep what is gone, and so do new indexes.
VACUUM FULL dml;
SELECT * FROM dml_differs();
CREATE INDEX dml_v ON dml (v);
REINDEX TABLE dml;
SELECT * FROM dml_differs();
ALTER TABLE dml ADD COLUMN w int DEFAULT 5;
ALTER TABLE dml_heap ADD COLUMN w int DEFAULT 5;
SELECT dml_both('UPDATE @ SET w = 6 WHERE k BETWEEN 8000 AND 8002 RETURNING k, w');
VACUUM FULL dml;
SELECT dml_both('DELETE FROM @ WHERE k = 8003 RETURNING w');
SELECT * FROM dml_differs();
CLUSTER dml USING dml_pkey;
ALTER TABLE dml ALTER v TYPE numeric USING v::numeric;
ALTER TABLE dml_heap ALTER v TYPE numeric USING v::numeric;
SELECT * FROM dml_differs();
SELECT * FROM rusts.verify('dml');

-- Foreign keys in both directions, between rusts tables.
CREATE TABLE dml_child (k int REFERENCES dml ON UPDATE CASCADE ON DELETE CASCADE, time timestamptz NOT NULL DEFAULT '2024-01-01') USING rusts;
INSERT INTO dml_child SELECT k FROM dml WHERE k BETWEEN 9000 AND 9100;
INSERT INTO dml_child VALUES (-1);
SELECT rusts.flush('dml_child'), rusts.flush('dml') > 0 AS flushed;
DELETE FROM dml WHERE k BETWEEN 9000 AND 9009;
UPDATE dml SET k = k + 200000 WHERE k BETWEEN 9010 AND 9019;
SELECT count(*), max(k) FROM dml_child;
ALTER TABLE dml_child DROP CONSTRAINT dml_child_k_fkey, ADD FOREIGN KEY (k) REFERENCES dml;
DELETE FROM dml WHERE k = 9050;
DELETE FROM dml_child WHERE k = 9050;
DELETE FROM dml WHERE k = 9050;
DROP TABLE dml_child;

-- Triggers see old and new rows.
CREATE TABLE dml_log (n int GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION dml_row() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
	INSERT INTO dml_log (what) VALUES (concat_ws(' ', TG_WHEN, TG_OP, OLD.k || ':' || OLD.v, NEW.k || ':' || NEW.v));
	RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION dml_statement() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
	INSERT INTO dml_log (what) SELECT concat_ws(' ', TG_OP, count(*), sum(k)) FROM gone;
	RETURN NULL;
END $$;
CREATE TRIGGER before BEFORE UPDATE OR DELETE ON dml FOR EACH ROW EXECUTE FUNCTION dml_row();
CREATE CONSTRAINT TRIGGER late AFTER UPDATE OR DELETE ON dml DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dml_row();
CREATE TRIGGER total AFTER DELETE ON dml REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION dml_statement();
BEGIN;
UPDATE dml SET v = v + 1 WHERE k BETWEEN 10001 AND 10002;
DELETE FROM dml WHERE k BETWEEN 10002 AND 10003;
COMMIT;
SELECT what FROM dml_log ORDER BY n;

-- Rows that move to another partition and back.
CREATE TABLE dml_parts (time timestamptz NOT NULL, k int, v int) PARTITION BY RANGE (k);
CREATE TABLE dml_low PARTITION OF dml_parts FOR VALUES FROM (0) TO (100) USING rusts;
CREATE TABLE dml_high PARTITION OF dml_parts FOR VALUES FROM (100) TO (200) USING rusts;
INSERT INTO dml_parts SELECT '2024-01-01', i, i FROM generate_series(0, 199) i;
SELECT rusts.flush('dml_low'), rusts.flush('dml_high');
UPDATE dml_parts SET k = k + 50 WHERE k BETWEEN 45 AND 54 RETURNING tableoid::regclass, v;
SELECT rusts.flush('dml_low'), rusts.flush('dml_high');
UPDATE dml_parts SET k = k - 50 WHERE k BETWEEN 95 AND 104 AND v < 60 RETURNING tableoid::regclass, v;
SELECT tableoid::regclass, count(*), sum(k), sum(v) FROM dml_parts GROUP BY 1 ORDER BY 1;

DROP TABLE dml_parts, dml_log, dml, dml_heap;
DROP FUNCTION dml_differs, dml_both, dml_row, dml_statement;

-- many rows at once: only where nobody looks at the single row
CREATE TABLE many (time timestamptz NOT NULL, k int, v int) USING rusts;
INSERT INTO many SELECT '2024-01-01'::timestamptz + i * interval '1 s', i, i % 10 FROM generate_series(1, 5000) i;
SELECT rusts.flush('many');
CREATE FUNCTION by_block(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || statement INTO plan;
	RETURN plan->0->'Plan'->'Plans'->0->>'Rows Deleted by Block';
END $$;
BEGIN;
SELECT by_block('DELETE FROM many WHERE v = 3');
SELECT by_block('DELETE FROM many WHERE k <= 1000');
SELECT count(*), sum(k) FROM many;
SELECT by_block('DELETE FROM many WHERE k <= 1001');
SELECT by_block('WITH d AS (DELETE FROM many RETURNING k) SELECT * FROM d');
ROLLBACK;
BEGIN;
INSERT INTO many SELECT '2024-02-01', 5000 + i, 0 FROM generate_series(1, 10) i;
UPDATE many SET v = 11 WHERE k = 17;
SELECT by_block('DELETE FROM many WHERE v IN (0, 1, 2)');
SELECT count(*), sum(k) FROM many;
ROLLBACK;
SELECT by_block('DELETE FROM many WHERE v = 3 RETURNING k');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT by_block('DELETE FROM many WHERE v = 4');
COMMIT;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN OLD.k % 2 = 0 THEN OLD END; END $$;
CREATE TRIGGER keep BEFORE DELETE ON many FOR EACH ROW EXECUTE FUNCTION keep();
SELECT by_block('DELETE FROM many WHERE v IN (5, 6)');
ALTER TABLE many DISABLE TRIGGER keep;
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% rows', (SELECT count(*) FROM gone); RETURN NULL; END $$;
CREATE TRIGGER seen AFTER DELETE ON many REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION seen();
DELETE FROM many WHERE v = 7;
DROP TRIGGER seen ON many;
DELETE FROM many WHERE v = 8;
SELECT count(*), sum(k) FROM many;
SELECT v, count(*), sum(k) FROM many GROUP BY v ORDER BY v;
TRUNCATE many;
-- of partitions
CREATE TABLE parts (time timestamptz NOT NULL, k int) PARTITION BY RANGE (k);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000) USING rusts;
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (1000) TO (2000) USING rusts;
INSERT INTO parts SELECT '2024-01-01', i FROM generate_series(0, 1999) i;
SELECT rusts.flush('parts_1'), rusts.flush('parts_2');
DELETE FROM parts WHERE k % 3 = 0;
SELECT count(*), sum(k) FROM parts;
DROP TABLE many, parts;
DROP FUNCTION by_block, keep, seen;
