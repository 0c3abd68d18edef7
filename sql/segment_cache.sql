-- What a session remembers of segments is what the segments hold now.
CREATE FUNCTION remember(tab text) RETURNS TABLE (n bigint, v text, x text, tag text)
LANGUAGE plpgsql AS
$$
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT count(*), sum(v)::text, max(x), max(host) FROM %I WHERE host <> ''h0''', tab);
END
$$;
CREATE TABLE seg (time timestamptz NOT NULL, host text, v bigint, x text)
	USING rusts WITH (rusts.tags = 'host', rusts.flush_age = 0);
CREATE FUNCTION fill(tab text, factor int) RETURNS void
LANGUAGE plpgsql AS
$$
BEGIN
	EXECUTE format('INSERT INTO %I (time, host, v, x)
		SELECT timestamptz ''2024-01-01 00:00+00'' + i * interval ''1 second'',
			''h'' || i %% 7, i * $1, ''x'' || i %% 11 * $1
		FROM generate_series(0, 4999) i', tab) USING factor;
END
$$;
SELECT fill('seg', 1);
SELECT rusts.flush('seg');
SELECT * FROM remember('seg');
SELECT * FROM remember('seg');

-- truncated and filled again, the row numbers are the same
TRUNCATE seg;
SELECT fill('seg', 2);
SELECT rusts.flush('seg');
SELECT * FROM remember('seg');

-- also where TRUNCATE keeps the files
BEGIN;
CREATE TABLE fresh (time timestamptz NOT NULL, host text, v bigint, x text)
	USING rusts WITH (rusts.tags = 'host');
SET LOCAL rusts.bulk_rows = 1;
SELECT fill('fresh', 3);
SELECT * FROM remember('fresh');
TRUNCATE fresh;
SELECT fill('fresh', 4);
SELECT * FROM remember('fresh');
SELECT count(*), min(segment_id) FROM rusts.segments('fresh');

-- a segment of a subtransaction that does not live
SAVEPOINT s;
SELECT fill('fresh', 5);
SELECT * FROM remember('fresh');
ROLLBACK TO s;
SELECT * FROM remember('fresh');
SELECT fill('fresh', 6);
SELECT * FROM remember('fresh');
ROLLBACK;

-- columns that go and come, and change their type
ALTER TABLE seg DROP COLUMN x;
ALTER TABLE seg ADD COLUMN x text DEFAULT 'none';
SELECT * FROM remember('seg');
ALTER TABLE seg ALTER COLUMN v TYPE float8 USING v + 0.5;
SELECT * FROM remember('seg');
VACUUM FULL seg;
SELECT * FROM remember('seg');
DROP TABLE seg;

-- a cache for less than one segment, and none; cursors keep what they use
CREATE TABLE many (time timestamptz NOT NULL, host text, v bigint, x text)
	USING rusts WITH (rusts.tags = 'host', rusts.partition_interval = '5 minutes', rusts.flush_age = 0);
CREATE TABLE many_heap (LIKE many);
SELECT fill('many', 1), fill('many_heap', 1);
SELECT rusts.flush('many');
SET rusts.segment_cache_size = '64kB';
SELECT * FROM remember('many') EXCEPT SELECT * FROM remember('many_heap');
BEGIN;
DECLARE first CURSOR FOR SELECT v, host, x FROM many WHERE x <> 'x3' ORDER BY time;
DECLARE second CURSOR FOR SELECT host, x, v FROM many WHERE host = 'h4' AND v > 3000;
FETCH 2 FROM first;
FETCH 2 FROM second;
SELECT * FROM remember('many') EXCEPT SELECT * FROM remember('many_heap');
SET LOCAL rusts.segment_cache_size = 0;
SELECT * FROM remember('many') EXCEPT SELECT * FROM remember('many_heap');
MOVE 2000 FROM first;
FETCH 2 FROM first;
FETCH 2 FROM second;
SAVEPOINT s;
DECLARE third CURSOR FOR SELECT v / (v - 1200) FROM many WHERE x <> 'x3' AND v >= 1198 ORDER BY v;
FETCH ALL FROM third;
ROLLBACK TO s;
FETCH 2 FROM second;
COMMIT;
SELECT * FROM remember('many') EXCEPT SELECT * FROM remember('many_heap');
RESET rusts.segment_cache_size;
SELECT * FROM remember('many') EXCEPT SELECT * FROM remember('many_heap');
SELECT * FROM rusts.verify('many');
DROP TABLE many, many_heap;
DROP FUNCTION remember, fill;
