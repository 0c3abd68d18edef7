--
-- time_bucket: every overload, against date_trunc and date_bin where they
-- have an answer
--
SET timezone = 'America/New_York';
SET datestyle = 'ISO, MDY';

-- Fixed widths equal date_bin from the default origin, at any distance from it.
CREATE TEMP TABLE points AS
SELECT timestamp '1969-12-31 23:59:59.999999' + i * interval '7919 hours 13 minutes 7.000001 seconds' AS ts
FROM generate_series(-2000, 2000) i;
INSERT INTO points VALUES
	('4714-11-24 00:00 BC'), ('0001-01-01'), ('0001-12-31 23:59:59.999999 BC'),
	('1969-12-31 23:59:59.999999'), ('1970-01-01'), ('1999-12-31 23:59:59.999999'),
	('2000-01-01'), ('2000-01-03'), ('2262-04-11 23:47:16.854775'),
	('2262-04-12'), ('294276-12-31 23:59:59.999999');

SELECT w, count(*) AS points,
	count(*) FILTER (WHERE time_bucket(w, ts) IS DISTINCT FROM
		date_bin(w, ts, '2000-01-03')) AS wrong,
	count(*) FILTER (WHERE time_bucket(w, ts AT TIME ZONE 'UTC') IS DISTINCT FROM
		date_bin(w, ts AT TIME ZONE 'UTC', '2000-01-03 00:00+00')) AS wrong_tz
FROM points, unnest('{1 us,1 ms,7 s,1 min,15 min,1 h,90 min,1 d,24 h,7 d}'::interval[]) w
WHERE ts >= '4714-12-01 BC'
GROUP BY w ORDER BY w;

-- Calendar widths equal date_trunc.
SELECT unit, w,
	count(*) FILTER (WHERE time_bucket(w, ts) <> date_trunc(unit, ts)) AS wrong,
	count(*) FILTER (WHERE time_bucket(w, ts AT TIME ZONE 'UTC') <>
		date_trunc(unit, ts AT TIME ZONE 'UTC', 'UTC')) AS wrong_tz,
	count(*) FILTER (WHERE time_bucket(w, ts::date) <> date_trunc(unit, ts::date)::date) AS wrong_date
FROM points, (VALUES ('day', interval '1 day'), ('week', '1 week'), ('month', '1 month'),
	('quarter', '3 months'), ('year', '1 year')) v (unit, w)
WHERE ts >= '4713-01-01 BC'
GROUP BY unit, w ORDER BY w;

-- Whatever the width and origin, a bucket holds its point and starts a grid.
SELECT w, origin,
	bool_and(time_bucket(w, ts, origin) <= ts AND ts < time_bucket(w, ts, origin) + w) AS holds,
	bool_and(time_bucket(w, time_bucket(w, ts, origin), origin) = time_bucket(w, ts, origin)) AS idempotent
FROM points,
	(VALUES (interval '1 month', timestamp '2020-01-15 06:30'), ('5 months', '1950-07-01'),
		('1 year', '2001-10-01'), ('100 years', '1-01-01'), ('10 days', '2020-02-29 12:00'),
		('86399.999999 s', '2250-01-01 00:00:00.000001')) v (w, origin)
WHERE ts > '4000-01-01 BC' AND ts < '294000-01-01'
GROUP BY w, origin ORDER BY w, origin;

-- An origin late in the month: starts on the last day of shorter months.
SELECT d::date, time_bucket('1 month', d, timestamp '2020-01-31') AS start
FROM unnest('{2020-02-28,2020-02-29,2020-03-30,2020-03-31,2021-02-28,2019-12-30}'::timestamp[]) d
ORDER BY d;

-- Months before the origin, and years before Christ.
SELECT time_bucket('1 year', timestamp '0001-06-01 BC') AS bc,
	time_bucket('10 years', timestamp '1999-12-31') AS decade,
	time_bucket('7 months', timestamp '1999-12-31') AS seven;

-- Origin and offset, positional and named.
SELECT time_bucket('1 week', timestamptz '2024-05-15 12:00+00', timestamptz '2000-01-02 00:00+00') AS sunday,
	time_bucket('1 week', timestamptz '2024-05-15 12:00+00', interval '-1 day') AS sunday_by_offset,
	time_bucket('1 week', timestamptz '2024-05-15 12:00+00', origin => '2000-01-02 00:00+00') AS named,
	time_bucket('1 day', timestamptz '2024-05-15 05:59+00', "offset" => '6 hours') AS six;
SELECT time_bucket('1 month', timestamp '2024-05-04 23:00', interval '4 days') AS in_april,
	time_bucket('1 month', timestamp '2024-05-05 00:00', interval '4 days') AS in_may,
	time_bucket('1 month', timestamp '2024-03-01 00:00', interval '30 days') AS first_plus_30,
	time_bucket('3 months', timestamp '2024-03-31', interval '1 month') AS fiscal,
	time_bucket('1 week', timestamp '2024-03-31', interval '1 month') AS grid_moved;
SELECT time_bucket('1 week', date '2024-05-15') AS monday,
	time_bucket('1 week', date '2024-05-15', date '2000-01-02') AS sunday,
	time_bucket('1 week', date '2024-05-15', interval '-1 day') AS sunday_by_offset,
	time_bucket('48 hours', date '2024-05-15') AS two_days,
	time_bucket('1 month', date '2024-05-15', interval '15 days') AS sixteenth,
	time_bucket('3 months', date '2024-05-15', interval '1 month') AS fiscal,
	time_bucket('3 months', date '5874897-12-31') AS far;
SELECT count(*) FILTER (WHERE time_bucket('7 days', ts, o) <>
		time_bucket('7 days', ts, timestamp '2000-01-03' + o)) AS wrong
FROM points, unnest('{1 day,-3 days 4 hours,1000 days,25 hours}'::interval[]) o
WHERE ts > '4714-12-31 BC';

-- Integers round down, also below zero.
SELECT v, time_bucket(10, v) AS by10, time_bucket(10, v, 3) AS offset3,
	time_bucket(10, v, -17) AS offset_minus17
FROM unnest('{-21,-20,-11,-10,-1,0,1,3,9,10,12,13}'::int[]) v ORDER BY v;
SELECT time_bucket(10::smallint, 32767::smallint) AS i2,
	time_bucket(10::smallint, 25::smallint, 3::smallint) AS i2_offset,
	pg_typeof(time_bucket(10::smallint, 1::smallint)) AS t2,
	time_bucket(1000, 2147483647) AS i4, pg_typeof(time_bucket(1000, 1)) AS t4,
	time_bucket(3600000000000, 1700000000123456789) AS i8,
	time_bucket(9223372036854775807, -1, 9223372036854775807) AS i8_ends,
	time_bucket(9223372036854775807, 9223372036854775807, -9223372036854775807) AS i8_ends2;

-- NULLs and infinities.
SELECT time_bucket(NULL, timestamptz '2024-01-01') IS NULL AS w,
	time_bucket('1 day', NULL::timestamptz) IS NULL AS ts,
	time_bucket('1 day', timestamptz '2024-01-01', NULL::timestamptz) IS NULL AS origin,
	time_bucket('1 day', timestamptz '2024-01-01', NULL::text) IS NULL AS zone,
	time_bucket('1 day', NULL::timestamptz, 'UTC') IS NULL AS ts_zone,
	time_bucket(10, NULL::int) IS NULL AS i,
	time_bucket('1 day', timestamptz '2024-01-01', 'UTC', NULL, NULL) IS NULL AS optional;
SELECT time_bucket('1 day', timestamptz 'infinity') AS tz,
	time_bucket('1 month', timestamp '-infinity') AS ts,
	time_bucket('1 day', date 'infinity') AS d,
	time_bucket('1 day', date '-infinity', interval '1 day') AS d_offset,
	time_bucket('1 day', timestamptz '-infinity', 'Asia/Tokyo') AS zone,
	time_bucket('1 hour', timestamp 'infinity', interval '1 minute') AS ts_offset;

-- With a time zone: local days, weeks and months, across changes of the clock.
SELECT time_bucket('1 day', ts, 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' AS day, count(*) AS hours
FROM generate_series(timestamptz '2024-03-30 00:00+01', '2024-04-01 23:00+02', '1 hour') ts
GROUP BY 1 ORDER BY 1;
SELECT unit, w, zone, count(*) AS points,
	count(*) FILTER (WHERE time_bucket(w, ts, zone) <> date_trunc(unit, ts, zone)) AS wrong
FROM generate_series(timestamptz '2023-12-31 00:00+00', '2025-01-02 00:00+00', '13 minutes') ts,
	(VALUES ('minute', interval '1 min'), ('hour', '1 hour'), ('day', '1 day'),
		('week', '1 week'), ('month', '1 month'), ('year', '1 year')) v (unit, w),
	unnest('{America/New_York,Europe/Berlin,Asia/Kathmandu}'::text[]) zone
GROUP BY unit, w, zone ORDER BY zone, w;

-- The hour that occurs twice is two buckets, each starting before its points.
SELECT time_bucket('1 hour', ts, 'America/New_York') AS start, count(*)
FROM generate_series(timestamptz '2024-11-03 04:00+00', '2024-11-03 07:59+00', '10 minutes') ts
GROUP BY 1 ORDER BY 1;
SELECT count(*) FILTER (WHERE time_bucket('6 hours', ts, 'America/New_York') > ts) AS after_its_point
FROM generate_series(timestamptz '2024-01-01', '2025-01-01', '10 minutes') ts;

-- Time zone with origin and offset: both count in local time.
SELECT time_bucket('1 week', timestamptz '2024-05-15 12:00+00', 'Asia/Tokyo', '2000-01-02 00:00+09') AS sunday,
	time_bucket('1 day', timestamptz '2024-03-31 12:00+00', 'Europe/Berlin', "offset" => '6 hours') AS six_local,
	time_bucket('1 month', timestamptz '2024-05-03 12:00+00', 'Europe/Berlin', NULL, '4 days') AS april,
	time_bucket('1 day', timestamptz '2024-05-15 12:00+00', timezone => 'UTC', origin => '2024-05-14 18:00+00') AS named;

-- The session's zone has no influence.
SET timezone = 'Asia/Kathmandu';
SELECT time_bucket('1 day', timestamptz '2024-03-10 12:00+00') AT TIME ZONE 'UTC' AS utc,
	time_bucket('1 day', timestamptz '2024-03-10 12:00+00', interval '1 day 1 hour') AT TIME ZONE 'UTC' AS offs;
SET timezone = 'UTC';

-- Immutable: usable in an index, and parallel safe.
SELECT DISTINCT proname, provolatile, proparallel, proisstrict
FROM pg_proc WHERE proname = 'time_bucket' ORDER BY proisstrict;
SELECT pg_get_function_identity_arguments(oid) AS arguments,
	obj_description(oid, 'pg_proc') IS NOT NULL AS commented
FROM pg_proc WHERE proname = 'time_bucket' ORDER BY 1;
CREATE TEMP TABLE events (ts timestamptz);
CREATE INDEX ON events (time_bucket('1 hour', ts));
CREATE INDEX ON events (time_bucket('1 day', ts, 'Europe/Berlin'));

-- Errors.
SELECT time_bucket('0 s', timestamptz '2024-01-01');
SELECT time_bucket('-1 hour', timestamp '2024-01-01');
SELECT time_bucket('-1 month', date '2024-01-01');
SELECT time_bucket('0 s', timestamp 'infinity');
SELECT time_bucket('0 s', date 'infinity');
SELECT time_bucket('0 days', timestamptz '2024-01-01', 'UTC');
SELECT time_bucket('1 month 1 day', timestamptz '2024-01-01');
SELECT time_bucket('1 year -1 hour', date '2024-01-01');
SELECT time_bucket('200000000 days', timestamp '2024-01-01');
SELECT time_bucket('12 hours', date '2024-01-01');
SELECT time_bucket('1 day', date '2024-01-01', interval '6 hours');
SELECT time_bucket('1 day', timestamp '2024-01-01', timestamp 'infinity');
SELECT time_bucket('1 day', date '2024-01-01', date '-infinity');
SELECT time_bucket('11 days', timestamp '4714-11-24 00:00 BC');
SELECT time_bucket('1 year', timestamp '4714-11-24 00:00 BC');
SELECT time_bucket('178000000 years', timestamp '1999-12-31');
SELECT time_bucket('11 days', date '4714-11-24 BC');
SELECT time_bucket('1 year', date '4714-11-24 BC');
SELECT time_bucket('1 day', timestamptz '2024-01-01', 'Mars/Olympus');
SELECT time_bucket(0, 1);
SELECT time_bucket(-5::smallint, 1::smallint);
SELECT time_bucket(0::bigint, 1::bigint);
SELECT time_bucket(10::smallint, '-32768'::smallint);
SELECT time_bucket(10, -2147483648);
SELECT time_bucket(1000, '-9223372036854775808'::bigint);
