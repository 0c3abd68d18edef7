--
-- time_bucket over the extremes of its types, in all overloads: a start that
-- is not after its point and less than a width before it, or an error with a
-- SQLSTATE of its own.
--
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET IntervalStyle = 'postgres';
-- the result of an expression, or its SQLSTATE and message
CREATE FUNCTION outcome(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE 'SELECT (' || expression || ')::text' INTO result;
	RETURN coalesce(result, 'null');
EXCEPTION
	WHEN OTHERS THEN RETURN sqlstate || ' ' || left(sqlerrm, 80);
END $$;
CREATE TABLE widths (n int, w text);
INSERT INTO widths SELECT row_number() OVER (), w FROM unnest('{NULL,0,00:00:00.000001,-00:00:00.000001,1 day,-1 day,
	9223372036854.775807 s,-9223372036854.775808 s,2147483647 days,-2147483648 days,106751991 days,106751992 days,
	1 month,-1 month,2147483647 months,-2147483648 months,178000000 years,1 mon 1 day,2147483647 mons 2147483646 days 2562047788:00:54.775807,
	-2147483648 mons -2147483648 days -2562047788:00:54.775807,1 mon -30 days,1 day -24:00:00}'::text[]) w;
CREATE TABLE times (n int, t text);
INSERT INTO times SELECT row_number() OVER (), t FROM unnest('{NULL,-infinity,infinity,4714-11-24 00:00:00 BC,294276-12-31 23:59:59.999999,2000-01-01 00:00:00}'::text[]) t;
CREATE TABLE dates (n int, d text);
INSERT INTO dates SELECT row_number() OVER (), d FROM unnest('{NULL,-infinity,infinity,4714-11-24 BC,5874897-12-31,2000-01-01}'::text[]) d;

-- timestamps: one line a width, what comes of each time
SELECT w, t, outcome(format('time_bucket(%L::interval, %L::timestamptz)', w, t)) AS tz
FROM widths, times WHERE w IS NOT NULL AND t IS NOT NULL AND w !~ '^-|mon.*day' ORDER BY widths.n, times.n;
SELECT w, string_agg(DISTINCT outcome(format('time_bucket(%L::interval, %L::timestamptz)', w, t)), '; ')
FROM widths, times WHERE t IS NOT NULL AND w ~ '^-|mon.*day' GROUP BY widths.n, w ORDER BY widths.n;
-- the other overloads over the same: the number of results by SQLSTATE; a
-- NULL argument gives NULL
CREATE FUNCTION outcomes(call text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(what || ' ' || count, ', ' ORDER BY what) FROM (
		SELECT CASE WHEN o ~ '^[0-9A-Z]{5} ' AND o !~ '^\d+-\d+' THEN left(o, 5) WHEN o = 'null' THEN 'null' ELSE 'value' END AS what, count(*)
		FROM widths, times, dates, LATERAL outcome(replace(replace(replace(call, '$w', quote_nullable(w) || '::interval'),
			'$t', quote_nullable(t)), '$d', quote_nullable(d))) o GROUP BY 1) s
$$;
SELECT call, outcomes(call) FROM unnest(ARRAY[
	'time_bucket($w, $t::timestamp)',
	'time_bucket($w, timestamptz ''2024-02-29'', $t::timestamptz)',
	'time_bucket($w, $t::timestamptz, timestamptz ''2000-01-01'')',
	'time_bucket($w, $t::timestamptz, timestamptz ''4714-11-24 00:00:00 BC'')',
	'time_bucket($w, $t::timestamp, timestamp ''294276-12-31 23:59:59.999999'')',
	'time_bucket(''1 day'', $t::timestamptz, $w)',
	'time_bucket(''1 month'', $t::timestamp, $w)',
	'time_bucket(''1 day'', $d::date, $w)',
	'time_bucket(''1 month'', $d::date, $w)',
	'time_bucket($w, $d::date)',
	'time_bucket($w, date ''2024-02-29'', $d::date)',
	'time_bucket($w, $d::date, date ''4714-11-24 BC'')',
	'time_bucket($w, $d::date, date ''5874897-12-31'')',
	'time_bucket($w, $t::timestamptz, ''UTC'')',
	'time_bucket($w, $t::timestamptz, ''Europe/Berlin'', timestamptz ''2024-03-31'')',
	'time_bucket($w, timestamptz ''2024-03-31'', ''-24:59'', $t::timestamptz)',
	'time_bucket(''1 day'', $t::timestamptz, ''Pacific/Kiritimati'', NULL, $w)',
	'time_bucket(''1 month'', $t::timestamptz, ''Pacific/Kiritimati'', $t::timestamptz, $w)']) WITH ORDINALITY c (call, n) ORDER BY n;
-- no error is internal
SELECT DISTINCT call, outcome(call) FROM (
	SELECT format('time_bucket(%L::interval, %L::timestamptz, %L::text, %L::timestamptz, %L::interval)', a.w, t.t, z, o.t, b.w)
	FROM widths a, times t, unnest('{UTC,Europe/Berlin,-24:59}'::text[]) z, times o, widths b) c (call)
WHERE outcome(call) LIKE 'XX%' LIMIT 5;

-- a start is at or before its point, its own start, and the next start is after the point
CREATE TABLE points AS SELECT timestamptz '4714-11-24 00:00:00+00 BC' + i * interval '2 years 7 months 3 days 04:05:06.789' AS t FROM generate_series(0, 114000, 37) i;
INSERT INTO points VALUES ('294276-12-31 23:59:59.999999'), ('4714-11-24 00:00:00 BC'), ('1999-12-31 23:59:59.999999'), ('2000-01-01');
SELECT w, count(*) FILTER (WHERE start > t) AS after, count(*) FILTER (WHERE time_bucket(w, start) <> start) AS moves,
	count(*) FILTER (WHERE start + w <= t) AS early
FROM unnest('{1 us,7 ms,1 h,1 day,7 days,400 days,36500 days,1 month,7 months,1 year,100 years}'::interval[]) w, points,
	LATERAL (SELECT time_bucket(w, t) AS start WHERE t > timestamptz '4600-01-01 BC' AND t < timestamptz '294000-01-01') s GROUP BY w ORDER BY w;
-- date_bin is the oracle for widths without months
SELECT count(*) AS differ FROM unnest('{1 us,7 ms,1 h,1 day,7 days,400 days,36500 days}'::interval[]) w, points,
	unnest('{2000-01-03,1970-01-01 00:00:00.000001,4000-01-01 BC,250000-01-01}'::timestamptz[]) o
WHERE t > timestamptz '4600-01-01 BC' AND t < timestamptz '280000-01-01' AND t >= o AND time_bucket(w, t, o) <> date_bin(w, t, o);

-- time zones that are none
SELECT outcome(format('time_bucket(%L, %L::timestamptz, %L::text)', '1 hour', '2024-01-01', z))
FROM unnest(ARRAY['', ' ', 'nowhere', '../../etc/passwd', '+99:99', '''', 'UTC' || chr(10), repeat('x', 1000000)]) z;
SELECT outcome(format('time_bucket(%L, %L::timestamptz, %L::text)', '1 hour', '2024-01-01 12:34', z)) FROM unnest('{utc,+05:45,-167:59,EST5EDT}'::text[]) z;
SELECT outcome(format('time_bucket(%L, %L::timestamptz, NULL)', '1 hour', '2024-01-01'));

-- integers
CREATE FUNCTION integer_outcomes(type text, low text, high text) RETURNS TABLE (call text, result text) LANGUAGE sql AS $$
	SELECT c, outcome(c) FROM unnest(ARRAY[NULL, '0', '1', '-1', '7', low, high]) WITH ORDINALITY w (w, i), unnest(ARRAY[NULL, '0', '-1', low, high]) WITH ORDINALITY v (v, j),
		LATERAL (SELECT format('time_bucket(%L::%s, %L::%s)', w, type, v, type)) s (c) ORDER BY i, j
$$;
SELECT * FROM integer_outcomes('smallint', '-32768', '32767');
SELECT * FROM integer_outcomes('integer', '-2147483648', '2147483647');
SELECT * FROM integer_outcomes('bigint', '-9223372036854775808', '9223372036854775807');
-- with an offset: checked against numeric arithmetic
SELECT count(*) AS tried, count(*) FILTER (WHERE got IS DISTINCT FROM CASE WHEN want < -9223372036854775808 THEN '22003 bucket start is out of range for its integer type' ELSE want::text END) AS wrong
FROM unnest('{1,2,7,60000000000,9223372036854775806,9223372036854775807}'::bigint[]) w,
	unnest('{-9223372036854775808,-9223372036854775807,-8,-1,0,1,59999999999,9223372036854775806,9223372036854775807}'::bigint[]) v,
	unnest('{-9223372036854775808,-9223372036854775807,-8,-1,0,1,59999999999,9223372036854775806,9223372036854775807}'::bigint[]) o,
	LATERAL (SELECT outcome(format('time_bucket(%L::bigint, %L::bigint, %L::bigint)', w, v, o)), v::numeric - ((v::numeric - o::numeric) % w + w) % w) s (got, want);
SELECT count(*) AS tried, count(*) FILTER (WHERE got IS DISTINCT FROM CASE WHEN want < -32768 THEN '22003 bucket start is out of range for its integer type' ELSE want::text END) AS wrong
FROM unnest('{1,7,32767}'::smallint[]) w, unnest('{-32768,-32767,-1,0,1,32767}'::smallint[]) v, unnest('{-32768,-1,0,1,32767}'::smallint[]) o,
	LATERAL (SELECT outcome(format('time_bucket(%L::smallint, %L::smallint, %L::smallint)', w, v, o)), v::numeric - ((v::numeric - o::numeric) % w + w) % w) s (got, want);
SELECT count(*) AS tried, count(*) FILTER (WHERE got IS DISTINCT FROM CASE WHEN want < -2147483648 THEN '22003 bucket start is out of range for its integer type' ELSE want::text END) AS wrong
FROM unnest('{1,7,2147483647}'::int[]) w, unnest('{-2147483648,-1,0,1,2147483647}'::int[]) v, unnest('{-2147483648,-1,0,1,2147483647}'::int[]) o,
	LATERAL (SELECT outcome(format('time_bucket(%L::int, %L::int, %L::int)', w, v, o)), v::numeric - ((v::numeric - o::numeric) % w + w) % w) s (got, want);

-- on a table in segments: conditions and groups
CREATE TABLE bucketed (time timestamptz NOT NULL, n bigint) USING rusts;
INSERT INTO bucketed SELECT t, row_number() OVER () FROM points;
CREATE TABLE bucketed_heap AS TABLE bucketed;
SELECT rusts.flush('bucketed');
SELECT count(*) AS differ FROM (
	(SELECT time_bucket('100 years', time) AS b, count(*) FROM bucketed WHERE time > '4600-01-01 BC' GROUP BY b EXCEPT SELECT time_bucket('100 years', time), count(*) FROM bucketed_heap WHERE time > '4600-01-01 BC' GROUP BY 1)
	UNION ALL (SELECT time_bucket('100 years', time) AS b, count(*) FROM bucketed_heap WHERE time > '4600-01-01 BC' GROUP BY b EXCEPT SELECT time_bucket('100 years', time), count(*) FROM bucketed WHERE time > '4600-01-01 BC' GROUP BY 1)) s;
SELECT outcome('(SELECT count(*) FROM bucketed WHERE time_bucket(''106751991 days'', time) > ''2000-01-01'')') AS rusts,
	outcome('(SELECT count(*) FROM bucketed_heap WHERE time_bucket(''106751991 days'', time) > ''2000-01-01'')') AS heap;
SELECT outcome('(SELECT count(*) FROM bucketed WHERE time_bucket(''1 us'', time) >= ''infinity'')') AS rusts, outcome('(SELECT count(*) FROM bucketed WHERE time_bucket(9223372036854775807, n) > 0)') AS bigint;

DROP TABLE widths, times, dates, points, bucketed, bucketed_heap;
DROP FUNCTION outcome(text), outcomes(text), integer_outcomes(text, text, text);
RESET ALL;
