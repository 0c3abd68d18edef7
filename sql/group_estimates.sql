-- The number of groups is estimated from what the table knows of itself: for
-- any function of the time and any mix of keys, before and after ANALYZE, with
-- rows that lie years apart from the others.
SET timezone = 'UTC';
CREATE TABLE estimates (time timestamptz NOT NULL, host text, region text, mood smallint, other timestamptz, v float8)
USING rusts WITH (rusts.tags = 'host, region', rusts.partition_interval = '10 days');
ALTER TABLE estimates SET (autovacuum_enabled = off);
INSERT INTO estimates SELECT '2024-01-01'::timestamptz + g / 50 * interval '2000 s', 'h' || g % 50, 'r' || g % 50 / 10, g % 7, '2023-01-01'::timestamptz + g % 500 * interval '1 day', g
FROM generate_series(1, 200000) g;
INSERT INTO estimates VALUES ('2003-05-05', 'h1', 'r0', 1, '2023-01-01', 0), ('2035-01-01', 'h1', 'r0', 1, '2023-01-01', 0);
SELECT rusts.flush('estimates') > 0 AS flushed;

-- within a factor of three of what there is, by which node
CREATE FUNCTION estimate(keys text, condition text DEFAULT 'true') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	seen float8;
	estimated float8;
	query text := 'SELECT ' || keys || ', count(*), avg(v) FROM estimates WHERE ' || condition || ' GROUP BY ' ||
		(SELECT string_agg(g::text, ', ') FROM generate_series(1, array_length(string_to_array(keys, ' & '), 1)) g);
BEGIN
	query := replace(query, ' & ', ', ');
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	EXECUTE 'SELECT count(*) FROM (' || query || ') s' INTO seen;
	estimated := plan->0->'Plan'->>'Plan Rows';
	RETURN coalesce(plan->0->'Plan'->>'Custom Plan Provider', plan->0->'Plan'->>'Node Type') ||
		CASE WHEN estimated BETWEEN seen / 3 AND seen * 3 THEN ' good' ELSE format(' %s estimated, %s seen', estimated, seen) END;
END $$;
CREATE TABLE keys (n serial, keys text, condition text DEFAULT 'true');
INSERT INTO keys (keys, condition) VALUES
	('time_bucket(''1 day'', time)', DEFAULT),
	('time_bucket(''1 week'', time)::date', DEFAULT),
	('time_bucket(''1 hour'', time) + interval ''30 minutes''', DEFAULT),
	('date_trunc(''month'', time)::date', DEFAULT),
	('date_trunc(''hour'', time AT TIME ZONE ''Europe/Berlin'')', DEFAULT),
	('date_trunc(''day'', time, ''Asia/Tokyo'')', DEFAULT),
	('date_bin(''15 minutes'', time, ''2000-01-01'')', DEFAULT),
	('to_char(time, ''YYYY-MM'')', DEFAULT),
	('to_char(time, ''YYYY-MM-DD HH24'')', DEFAULT),
	('extract(epoch FROM time)::bigint / 86400', DEFAULT),
	('floor(extract(epoch FROM time) / 3600)', DEFAULT),
	('time::date', DEFAULT),
	('time', DEFAULT),
	('extract(hour FROM time)', DEFAULT),
	('to_char(time, ''Dy'')', DEFAULT),
	('host', DEFAULT),
	('host & region', DEFAULT),
	('mood', DEFAULT),
	('mood & host', DEFAULT),
	('v > 10', DEFAULT),
	('host & time_bucket(''1 day'', time)', DEFAULT),
	('host & region & time_bucket(''6 hours'', time)', DEFAULT),
	('time_bucket(''1 week'', time) & time::date', DEFAULT),
	('extract(dow FROM time) & host', DEFAULT),
	('date_trunc(''week'', other)', DEFAULT),
	('time_bucket(''1 hour'', time)', 'time >= ''2024-02-01'' AND time < ''2024-02-03'''),
	('time_bucket(''1 hour'', time) & host', 'time BETWEEN ''2024-02-01'' AND ''2024-02-03'''),
	('to_char(time, ''MM-DD HH24'')', '''2024-02-03'' > time AND ''2024-02-01'' <= time'),
	('time::date', 'time_bucket(''1 day'', time) >= ''2024-02-01'' AND time < ''2024-02-15'''),
	('time::date', 'time > now() - interval ''300 years'' AND time < ''2030-01-01''');
SELECT n, keys, estimate(keys, condition) FROM keys ORDER BY n;
ANALYZE estimates;
SELECT n, keys, estimate(keys, condition) FROM keys ORDER BY n;
-- what may fail is not tried
EXPLAIN (COSTS OFF) SELECT 1 / (extract(epoch FROM time)::bigint - extract(epoch FROM time)::bigint), count(*) FROM estimates GROUP BY 1;
DROP TABLE estimates, keys;
DROP FUNCTION estimate;
