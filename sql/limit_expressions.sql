-- How many rows a LIMIT wants is known to the scan only where it is a
-- constant: the planner's number is an estimate.
SET timezone = 'UTC';
CREATE TABLE limits (time timestamptz NOT NULL, host text, id int) USING rusts WITH (rusts.tags = 'host', rusts.segment_rows = 8192);
INSERT INTO limits SELECT '2024-01-01'::timestamptz + g / 2 * interval '10 s', 'h' || g % 7, g FROM generate_series(1, 60000) g;
SELECT rusts.flush('limits') > 0 AS flushed;
ANALYZE limits;
CREATE FUNCTION n_rows(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE query;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;
CREATE FUNCTION setting() RETURNS int LANGUAGE sql STABLE AS $$ SELECT current_setting('app.n')::int $$;
SET plan_cache_mode = force_generic_plan;
SET app.n = '2';
PREPARE by_setting AS SELECT id FROM limits ORDER BY time DESC LIMIT current_setting('app.n')::int;
PREPARE by_function AS SELECT id FROM limits ORDER BY time DESC LIMIT setting();
PREPARE by_parameter(int) AS SELECT id FROM limits ORDER BY time DESC, id LIMIT $1;
PREPARE by_query AS SELECT id FROM limits ORDER BY time DESC LIMIT (SELECT setting());
PREPARE by_offset AS SELECT id FROM limits ORDER BY time DESC, id LIMIT 3 OFFSET setting();
PREPARE by_null_offset(int) AS SELECT id FROM limits ORDER BY time LIMIT 3 OFFSET $1;
PREPARE ties AS SELECT id FROM limits ORDER BY time DESC FETCH FIRST (setting()) ROWS WITH TIES;
PREPARE buckets AS SELECT time_bucket('1 min', time), count(*) FROM limits GROUP BY 1 ORDER BY 1 DESC LIMIT setting();
PREPARE latest AS SELECT DISTINCT ON (host) host, id FROM limits ORDER BY host, time DESC LIMIT setting();
SELECT n_rows('EXECUTE by_setting'), n_rows('EXECUTE by_function'), n_rows('EXECUTE by_parameter(2)'), n_rows('EXECUTE by_query'),
	n_rows('EXECUTE by_offset'), n_rows('EXECUTE by_null_offset(NULL)'), n_rows('EXECUTE ties'), n_rows('EXECUTE buckets'), n_rows('EXECUTE latest');
SET app.n = '500';
SELECT n_rows('EXECUTE by_setting'), n_rows('EXECUTE by_function'), n_rows('EXECUTE by_parameter(500)'), n_rows('EXECUTE by_query'),
	n_rows('EXECUTE by_offset'), n_rows('EXECUTE by_null_offset(5)'), n_rows('EXECUTE ties'), n_rows('EXECUTE buckets'), n_rows('EXECUTE latest');
SELECT n_rows('EXECUTE by_parameter(NULL)'), n_rows('EXECUTE by_parameter(0)');
-- the rows are the right ones
EXECUTE by_parameter(3);
EXECUTE by_offset;
SET app.n = '1';
EXECUTE by_offset;
-- in functions, whose plans are kept
CREATE FUNCTION newest(n int) RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY SELECT id FROM limits ORDER BY time DESC, id LIMIT n;
END $$;
SELECT count(*) FROM newest(2);
SELECT count(*) FROM newest(700);
-- and cursors
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM limits ORDER BY time DESC, id LIMIT setting();
FETCH ALL FROM c;
COMMIT;
RESET plan_cache_mode;
DEALLOCATE ALL;
DROP TABLE limits;
DROP FUNCTION n_rows, setting, newest;
