--
-- histogram, percentile, first, last and mean over the extremes of their
-- types; their support functions called by hand, and fed with foreign bytes.
--
SET extra_float_digits = 1;
CREATE TABLE extremes (id int, v float8);
INSERT INTO extremes
SELECT row_number() OVER (), v FROM unnest('{NULL,NaN,Infinity,-Infinity,1.7976931348623157e308,
	-1.7976931348623157e308,2.2250738585072014e-308,-2.2250738585072014e-308,5e-324,-5e-324,0,-0,
	1e308,-1e308,8.98846567431158e307,1,-1,99}'::float8[]) v;

--
-- histogram: the span of the bounds, and span times buckets, pass the largest
-- float.
--
SELECT histogram(v, -1e308, 1e308, 10) FROM generate_series(0, 99) v;
SELECT histogram(v, -1e308, 1e308, 10) FROM extremes;
SELECT histogram(v, '-1.7976931348623157e308', '1.7976931348623157e308', 2) FROM extremes;
SELECT histogram(v, '-1.7976931348623157e308', '-1e308', 3) FROM extremes;
SELECT histogram(v, 0, '1.7976931348623157e308', 4) FROM extremes;
SELECT histogram(v, 0, 1e308, 4) FROM extremes;
-- every border of a huge span: k at border k goes into bucket k
SELECT histogram(-8e307 + k * 2e307, -8e307, 8e307, 8) FROM generate_series(0, 8) k;
SELECT histogram(-8e307 + k * 2e307 - 1e300, -8e307, 8e307, 8) FROM generate_series(0, 8) k;
-- the smallest span
SELECT histogram(v, 0, 5e-324, 1) FROM extremes;
SELECT histogram(v, -5e-324, 5e-324, 2) FROM extremes;
-- the last value below max stays below, however it rounds
SELECT histogram(x, 0, b, n) FROM (VALUES (1::float8 - 1.1102230246251565e-16, 1::float8, 3),
	(0.3 - 5.551115123125783e-17, 0.3, 3), (1e16 - 2, 1e16, 7)) r (x, b, n) GROUP BY x, b, n ORDER BY b;
-- and elsewhere it is what width_bucket says
SELECT count(*) AS wrong FROM (
	SELECT x, n, histogram(x, -7.7, 9.1, n) AS h FROM generate_series(-50, 50) a, generate_series(1, 12) n,
		LATERAL (SELECT (a * 0.37)::float8 AS x) s GROUP BY x, n) r
WHERE h[width_bucket(x, -7.7, 9.1, n) + 1] IS DISTINCT FROM 1;
-- numbers of buckets
SELECT histogram(1, 0, 10, -2147483648);
SELECT histogram(1, 0, 10, 2147483647);
SELECT histogram(1, 0, 10, 0);
SELECT histogram(1, 0, 10, NULL);
SELECT array_length(histogram(v, -1e308, 1e308, 1000000), 1) FROM extremes;
-- bounds
SELECT histogram(1, a, b, 5) FROM (VALUES ('-Infinity'::float8, 'Infinity'::float8)) r (a, b);
SELECT histogram(1, 'NaN', 'NaN', 5);
SELECT histogram(1, '-0', 0, 5);
SELECT histogram(1, '1.7976931348623157e308', '-1.7976931348623157e308', 5);
SELECT histogram(1, NULL, 1, 5);
SELECT histogram(1, 0, b, 5) FROM (VALUES (1::float8), ('Infinity')) r (b);

-- the same on a table in segments, and in workers
CREATE TABLE extremes_rusts (time timestamptz NOT NULL, v float8) USING rusts;
INSERT INTO extremes_rusts SELECT timestamptz '2024-01-01 00:00+00' + i * interval '1 s', v
FROM extremes, generate_series(1, 500) i ORDER BY i, id;
SELECT rusts.flush('extremes_rusts');
SELECT histogram(v, -1e308, 1e308, 10) FROM extremes_rusts;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT histogram(v, -1e308, 1e308, 10), first(v, time), last(v, time) FROM extremes_rusts;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

--
-- percentile, the same as percentile_cont
--
SELECT f, percentile(v, f), percentile(v, f) IS NOT DISTINCT FROM percentile_cont(f) WITHIN GROUP (ORDER BY v) AS same
FROM extremes, unnest('{0,5e-324,0.25,0.5,0.9999999999999999,1}'::float8[]) f GROUP BY f ORDER BY f;
SELECT percentile(v, f) FROM extremes, unnest('{-5e-324}'::float8[]) f;
SELECT percentile(v, '1.0000000000000002') FROM extremes;
SELECT percentile(v, 'Infinity') FROM extremes;
SELECT percentile(v, '-Infinity') FROM extremes;
SELECT percentile(v, 'NaN') FROM extremes;
SELECT percentile(v, '-0') FROM extremes;
SELECT percentile(v, NULL) FROM extremes;

--
-- mean, the same as avg
--
SELECT mean(v) IS NOT DISTINCT FROM avg(v) AS same, mean(v) FROM extremes;
SELECT id, mean(v) IS NOT DISTINCT FROM avg(v) AS same FROM extremes GROUP BY id HAVING mean(v) IS DISTINCT FROM avg(v);

--
-- first, last
--
SELECT first(v, id), last(v, id), first(id, v), last(id, v) FROM extremes;
SELECT first(i, t), last(i, t) FROM (VALUES (1, timestamptz '-infinity'), (2, 'infinity'), (3, '294276-12-31 23:59:59.999999+00'),
	(4, '4713-01-01 00:00:00+00 BC'), (5, NULL)) r (i, t);
SELECT first(i, t), last(i, t) FROM (VALUES (1, date '-infinity'), (2, 'infinity'), (3, '5874897-12-31'), (4, '4714-11-24 BC'), (5, NULL)) r (i, t);
SELECT first(i, t), last(i, t) FROM (VALUES (1, (-9223372036854775808)::int8), (2, 9223372036854775807), (3, 0), (4, NULL)) r (i, t);
SELECT first(i, t), last(i, t) FROM (VALUES (1, (-2147483648)::int4), (2, 2147483647), (3, 0), (4, NULL)) r (i, t);
SELECT first(i, t), last(i, t) FROM (VALUES (1, (-32768)::int2), (2, 32767::int2), (3, NULL)) r (i, t);
SELECT first(i, t), last(i, t) FROM (VALUES (1, numeric 'NaN'), (2, 'Infinity'), (3, '-Infinity'), (4, NULL)) r (i, t);
SELECT first(i, t), last(i, t) FROM (VALUES (1, ''), (2, repeat('x', 1000000)), (3, repeat('x', 999999)), (4, NULL)) r (i, t);
SELECT first(i, t), last(i, t) FROM (VALUES (1, interval '178000000 years'), (2, '-178000000 years'), (3, '2147483647 days'), (4, '0')) r (i, t);
SELECT length(first(s, t)) AS f, length(last(s, t)) AS l FROM (VALUES ('', 1), (repeat('y', 1000000), 2)) r (s, t);
SELECT first(s, t) IS NULL AS f, length(last(s, t)) AS l FROM (VALUES (NULL, 1), (''::bytea, 2)) r (s, t);
SELECT first(NULL, 1);
SELECT first(1, NULL);
SELECT first('x', 1);

--
-- Support functions: SQL has no value of type internal, so nobody can call one.
--
CREATE FUNCTION refused(call text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT rusts.' || call;
	RETURN false;
EXCEPTION WHEN feature_not_supported OR undefined_function THEN
	RETURN true;				-- up to PostgreSQL 16, from 17 on
END $$;
SELECT call, refused(call) FROM unnest(ARRAY['first_trans(NULL, 1, 2)', 'first_combine(NULL, NULL)', 'first_last_final(NULL, 1, 2)',
	'first_last_serialize(NULL)', $$first_last_deserialize('\x', NULL)$$, 'percentile_trans(NULL, 1, 2)', 'histogram_trans(NULL, 1, 0, 10, 5)',
	$$histogram_deserialize('\x', 'state')$$, 'histogram_final(rusts.histogram_combine(NULL, NULL))', $$table_handler('x')$$]) call;
DROP FUNCTION refused(text);
SELECT p.oid::regprocedure AS makes_internal_of_nothing FROM pg_proc p
WHERE prorettype = 'internal'::regtype AND 'internal'::regtype <> ALL (proargtypes) AND proname <> 'internal_in';

--
-- Bytes that are no state: aggregates whose workers serialize one kind of
-- state and whose leader reads another.
--
CREATE AGGREGATE histogram_as_first(float8, float8, float8, int) (
	SFUNC = rusts.histogram_trans, STYPE = internal, COMBINEFUNC = rusts.first_combine,
	SERIALFUNC = rusts.histogram_serialize, DESERIALFUNC = rusts.first_last_deserialize,
	FINALFUNC = rusts.histogram_final, PARALLEL = SAFE);
CREATE AGGREGATE first_as_histogram(anyelement, "any") (
	SFUNC = rusts.first_trans, STYPE = internal, COMBINEFUNC = rusts.histogram_combine,
	SERIALFUNC = rusts.first_last_serialize, DESERIALFUNC = rusts.histogram_deserialize,
	FINALFUNC = rusts.first_last_final, FINALFUNC_EXTRA, PARALLEL = SAFE);
CREATE TABLE few (i int, t text, b bytea);
INSERT INTO few SELECT i, i::text, decode(repeat('ff', 70 * i), 'hex') FROM generate_series(1, 3) i;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT first_as_histogram(i, i) FROM few;
SELECT first_as_histogram(t, i) FROM few;
SELECT first_as_histogram(b, i) FROM few;
-- first reads the type from the lowest byte of max, the length from the next
-- four: a denormal float has its bits where an integer has them
CREATE FUNCTION try_state(type int, length bigint, nbuckets int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN histogram_as_first(i, 0, (type + (length & 4294967295) * 256) * float8 '5e-324', nbuckets) FROM few;
EXCEPTION
	WHEN protocol_violation OR invalid_binary_representation THEN
		RETURN sqlerrm;
END $$;
SELECT count(*) AS tried, count(*) FILTER (WHERE message NOT IN ('insufficient data left in message',
	'invalid serialized state of aggregate first or last')) AS other
FROM (SELECT try_state(type, length, nbuckets) AS message FROM unnest('{3,23,25,19,20,16}'::int[]) type,
	unnest('{0,1,3,4,16,64,100,2147483647,-1,-2,-3,-2147483648}'::bigint[]) length, unnest('{1,4,16,255}'::int[]) nbuckets) s;
RESET ALL;

DROP FUNCTION try_state(int, bigint, int);
DROP AGGREGATE histogram_as_first(float8, float8, float8, int);
DROP AGGREGATE first_as_histogram(anyelement, "any");
DROP TABLE extremes, extremes_rusts, few;
