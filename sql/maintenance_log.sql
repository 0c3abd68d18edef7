--
-- View rusts.maintenance_log: what was done by hand, shown to those who may
-- know, in the transaction that did it, and no more than was asked for.
--
CREATE EXTENSION IF NOT EXISTS rusts;
SET timezone = 'UTC';
CREATE ROLE log_owner;
CREATE ROLE log_stranger;
CREATE ROLE log_monitor;
GRANT pg_monitor TO log_monitor;
GRANT CREATE ON SCHEMA public TO log_owner;

SET ROLE log_owner;
CREATE TABLE logged (time timestamptz NOT NULL, v int) USING rusts
WITH (rusts.segment_rows = 2000, rusts.compaction = off, rusts.flush_age = 0);
INSERT INTO logged SELECT '2024-01-01'::timestamptz + i * interval '1 minute', i FROM generate_series(1, 3000) i;
SELECT rusts.flush('logged');
DELETE FROM logged WHERE v % 2 = 0;
SELECT last_compaction FROM rusts.tables WHERE relation = 'logged'::regclass;
SELECT rusts.compact('logged', true);
-- nothing to do, nothing to tell
SELECT rusts.compact('logged', true);
-- nor of what was rolled back
BEGIN;
SELECT * FROM drop_chunks('logged', timestamptz '2024-01-02 12:00');
SELECT operation, rows FROM rusts.maintenance_log WHERE relation = 'logged'::regclass ORDER BY at;
ROLLBACK;
SELECT * FROM drop_chunks('logged', timestamptz '2024-01-02 12:00');
SELECT operation, rows, bytes > 0 AS bytes, duration >= '0' AND duration < '1 hour' AS duration, at <= clock_timestamp() AS at, error
FROM rusts.maintenance_log WHERE relation = 'logged'::regclass ORDER BY maintenance_log.at;
SELECT last_compaction = (SELECT at FROM rusts.maintenance_log WHERE relation = 'logged'::regclass AND operation = 'compaction') AS last_compaction
FROM rusts.tables WHERE relation = 'logged'::regclass;

-- Who may see it.
SET ROLE log_stranger;
SELECT count(*) FROM rusts.maintenance_log WHERE relation = 'logged'::regclass;
SELECT count(*) FROM rusts.maintenance_entries;
SET rusts.maintenance_log_rows = 0;
SET ROLE log_monitor;
SELECT count(*) FROM rusts.maintenance_log WHERE relation = 'logged'::regclass;
RESET ROLE;

-- Temporary tables are their session's business.
CREATE TEMP TABLE logged_temp (time timestamptz NOT NULL, v int) USING rusts;
INSERT INTO logged_temp SELECT '2024-01-01', i FROM generate_series(1, 3000) i;
SELECT count(*) FROM drop_chunks('logged_temp', timestamptz '2025-01-01');
SELECT count(*) FROM rusts.maintenance_log WHERE relation = 'logged_temp'::regclass;

-- The newest rows stay, with a few more.
SET rusts.maintenance_log_rows = 32;
DO $$
BEGIN
	FOR i IN 1 .. 100 LOOP
		INSERT INTO logged VALUES ('2024-02-01', i);
		IF i = 95 THEN INSERT INTO logged VALUES ('2024-02-01', 1), ('2024-02-02', 2); END IF;
		COMMIT;
		PERFORM drop_chunks('logged', timestamptz '2025-01-01');
		COMMIT;
	END LOOP;
END
$$;
SELECT count(*) BETWEEN 32 AND 34 AS bounded FROM rusts.maintenance_entries;
SELECT count(*) FROM rusts.maintenance_log WHERE operation = 'retention' AND rows = 3;
SET rusts.maintenance_log_rows = 0;
INSERT INTO logged VALUES ('2024-02-01', 1);
SELECT count(*) FROM drop_chunks('logged', timestamptz '2025-01-01');
SELECT count(*) BETWEEN 32 AND 34 AS unchanged FROM rusts.maintenance_entries;
RESET rusts.maintenance_log_rows;

-- A table that is gone leaves its number, to those who see all.
DROP TABLE logged;
SELECT count(*) > 30 AS numbers FROM rusts.maintenance_log WHERE relation::text ~ '^[0-9]+$';
REVOKE CREATE ON SCHEMA public FROM log_owner;
DROP ROLE log_owner, log_stranger, log_monitor;
