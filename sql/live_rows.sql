--
-- pg_stat_user_tables.n_live_tup and pg_class.reltuples are the number of live
-- rows, hot ones and those in segments, however often VACUUM and ANALYZE run.
--
CREATE TABLE live_small (time timestamptz NOT NULL, v int) USING rusts WITH (rusts.flush_age = 0);
CREATE TABLE live_bulk (LIKE live_small INCLUDING ALL) USING rusts;
CREATE TABLE live_hot (time timestamptz NOT NULL, v int) USING rusts WITH (rusts.flush_age = 0);
CREATE FUNCTION live(OUT relname name, OUT n_live_tup bigint, OUT reltuples float4) RETURNS SETOF record
LANGUAGE sql AS $$
	SELECT c.relname, s.n_live_tup, c.reltuples FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
	WHERE c.relname LIKE 'live\_%' ORDER BY c.relname
$$;
INSERT INTO live_small SELECT timestamptz '2024-01-01 00:00+00' + i * interval '1 s', i FROM generate_series(1, 5000) i;
INSERT INTO live_bulk SELECT timestamptz '2024-01-01 00:00+00' + i * interval '1 s', i FROM generate_series(1, 60000) i;
INSERT INTO live_hot SELECT timestamptz '2024-01-01 00:00+00' + i * interval '1 s', i FROM generate_series(1, 5000) i;
SELECT rusts.flush('live_small'), rusts.flush('live_bulk') >= 0 AS bulk;
VACUUM ANALYZE live_small;
VACUUM ANALYZE live_bulk;
SELECT pg_stat_force_next_flush();
SELECT * FROM live() WHERE relname <> 'live_hot';
VACUUM live_small;
VACUUM live_small;
VACUUM live_bulk;
SELECT pg_stat_force_next_flush();
SELECT * FROM live() WHERE relname <> 'live_hot';

-- hot rows, and deleted ones, beside segments
INSERT INTO live_small SELECT timestamptz '2024-02-01 00:00+00' + i * interval '1 s', i FROM generate_series(1, 700) i;
DELETE FROM live_small WHERE v <= 200 AND time >= '2024-02-01 00:00+00';
SELECT pg_stat_force_next_flush();
VACUUM live_small;
SELECT pg_stat_force_next_flush();
SELECT * FROM live() WHERE relname = 'live_small';
SELECT rusts.flush('live_small');
VACUUM live_small;
VACUUM ANALYZE live_small;
SELECT pg_stat_force_next_flush();
SELECT * FROM live() WHERE relname = 'live_small';

-- rows of a flush that is rolled back, and of a transaction that is
BEGIN;
INSERT INTO live_small SELECT timestamptz '2024-03-01 00:00+00' + i * interval '1 s', i FROM generate_series(1, 20000) i;
ROLLBACK;
INSERT INTO live_small SELECT timestamptz '2024-03-01 00:00+00' + i * interval '1 s', i FROM generate_series(1, 300) i;
BEGIN;
SELECT rusts.flush('live_small');
ROLLBACK;
VACUUM live_small;
SELECT pg_stat_force_next_flush();
SELECT * FROM live() WHERE relname = 'live_small';

-- a table without segments is counted as any heap
SELECT pg_stat_force_next_flush();
VACUUM ANALYZE live_hot;
SELECT * FROM live() WHERE relname = 'live_hot';

-- the number of VACUUMs is what it was
SELECT relname, vacuum_count, analyze_count FROM pg_stat_user_tables WHERE relname LIKE 'live\_%' ORDER BY relname;

DROP FUNCTION live();
DROP TABLE live_small, live_bulk, live_hot;
