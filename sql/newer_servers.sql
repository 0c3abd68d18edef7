--
-- What newer servers can do and older ones cannot: tried where it is there,
-- silent where not.
--
SET client_min_messages = warning;
CREATE FUNCTION since(version int, statements text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	IF current_setting('server_version_num')::int >= version * 10000 THEN
		FOREACH statement IN ARRAY statements LOOP
			EXECUTE statement;
		END LOOP;
	END IF;
END $$;
CREATE FUNCTION refused(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN false;
EXCEPTION WHEN wrong_object_type THEN
	RETURN true;
END $$;

-- 17: partitions take the access method of their partitioned table
SELECT since(17, ARRAY[
	'CREATE TABLE np (time timestamptz NOT NULL, host text, v float8) PARTITION BY RANGE (time) USING rusts',
	$$CREATE TABLE np1 PARTITION OF np FOR VALUES FROM ('2024-01-01') TO ('2024-02-01') WITH (rusts.tags = 'host')$$,
	'CREATE TABLE np2 PARTITION OF np DEFAULT USING heap',
	'CREATE TABLE np_none (n int) PARTITION BY LIST (n) USING rusts',
	'CREATE TABLE np_none1 PARTITION OF np_none DEFAULT',
	$$INSERT INTO np SELECT '2024-01-01'::timestamptz + i * interval '1 h', 'h' || i % 3, i FROM generate_series(1, 1400) i$$]);
SELECT since(17, ARRAY[
	$$DO 'BEGIN
		ASSERT (SELECT reloptions FROM pg_class WHERE relname = ''np1'') = ''{rusts.tags=host}'', ''parameters of the partition'';
		ASSERT (SELECT array_agg(relation::text ORDER BY relation::text COLLATE "C") FROM rusts.tables WHERE relation::text LIKE ''np%'') = ''{np1,np_none1}'', ''tables'';
		ASSERT (SELECT reltoastrelid FROM pg_class WHERE relname = ''np_none1'') <> 0, ''the method was asked for, so there is room for segments'';
		ASSERT (SELECT reltoastrelid FROM pg_class WHERE relname = ''np'') = 0, ''none where no rows are'';
		ASSERT rusts.flush(''np1'') = 743, ''flush'';
		ASSERT (SELECT concat_ws('','', count(*), sum(v)) FROM np) = ''1400,980700'', ''rows'';
		ASSERT refused(''ALTER TABLE np SET (rusts.tags = host)''), ''parameters of a partitioned table'';
		ASSERT refused(''CREATE TABLE np3 PARTITION OF np FOR VALUES FROM (''''2025-01-01'''') TO (''''2025-02-01'''') USING heap WITH (rusts.tags = host)''), ''a heap'';
	END'$$,
	'ALTER TABLE np SET ACCESS METHOD DEFAULT',
	$$CREATE TABLE np4 PARTITION OF np FOR VALUES FROM ('2025-01-01') TO ('2025-02-01')$$,
	'ALTER TABLE np1 SET ACCESS METHOD DEFAULT',
	$$DO 'BEGIN
		ASSERT (SELECT array_agg(relation::text) FROM rusts.tables WHERE relation::text LIKE ''np%'') = ''{np_none1}'', ''heaps again'';
		ASSERT (SELECT reloptions FROM pg_class WHERE relname = ''np1'') IS NULL, ''parameters are dropped'';
		ASSERT (SELECT concat_ws('','', count(*), sum(v)) FROM np) = ''1400,980700'', ''rows'';
	END'$$,
	'DROP TABLE np, np_none']);

-- 18: virtual generated columns
SELECT since(18, ARRAY[
	'CREATE TABLE nv (time timestamptz NOT NULL, a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL) USING rusts',
	'INSERT INTO nv SELECT now(), i FROM generate_series(1, 1000) i']);
SELECT since(18, ARRAY[
	$$DO 'BEGIN ASSERT rusts.flush(''nv'') = 1000, ''flush''; END'$$,
	'INSERT INTO nv SELECT now(), i FROM generate_series(1001, 1100) i',
	$$DO 'BEGIN
		ASSERT (SELECT concat_ws('','', sum(a), sum(b), count(*) FILTER (WHERE b > 100)) FROM nv) = ''605550,1211100,1050'', ''aggregates'';
		ASSERT (SELECT array_agg(a) FROM nv WHERE b IN (40, 2040)) = ''{1020,20}'', ''rows'';
	END'$$,
	'DROP TABLE nv']);
RESET client_min_messages;
DROP FUNCTION since(int, text[]), refused(text);
