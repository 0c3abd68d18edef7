--
-- Functions that look like ours from the outside are not taken for ours: the
-- symbol of a C function says nothing while anybody may declare it, with
-- arguments that it was not made for.
--
CREATE SCHEMA alike;
-- reads four bytes of eight: not a step function of its argument
CREATE FUNCTION alike.time_bucket(width bigint, ts bigint) RETURNS bigint
AS '$libdir/rusts', 'rusts_time_bucket_int4' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
-- takes a date for a timestamp
CREATE FUNCTION alike.time_bucket(width interval, ts date) RETURNS timestamp
AS '$libdir/rusts', 'rusts_time_bucket_timestamp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
-- somebody's own, whose source is nearly a symbol of ours
CREATE FUNCTION alike.pl_bucket(width bigint, ts bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS
'<<rusts_time_bucket_int8>> BEGIN RETURN ts % 97; END';

CREATE TABLE alike.h (time timestamp, n bigint, d date, tag text);
INSERT INTO alike.h SELECT timestamp '2024-01-01' + i * interval '1 min', (i / 2000) * 4294967296 + (i % 2000) * 1000, date '2024-01-01' + i, 't' || i % 3 FROM generate_series(1, 20000) i;
CREATE TABLE alike.t (LIKE alike.h) USING rusts WITH (rusts.time = 'n', rusts.partition_interval = 0);
INSERT INTO alike.t TABLE alike.h;
SELECT rusts.flush('alike.t');
-- each query on both tables
CREATE FUNCTION alike.differ(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) s',
		replace(query, '$t', 'alike.t'), replace(query, '$t', 'alike.h')) INTO n;
	RETURN n;
END $$;
SELECT query, alike.differ(query) FROM unnest(ARRAY[
	'SELECT alike.time_bucket(1000, n) AS b, count(*) FROM $t GROUP BY b',
	'SELECT tag, alike.time_bucket(100000, n) AS b, max(n) FROM $t GROUP BY tag, b',
	'SELECT n FROM $t WHERE alike.time_bucket(100000, n) > 1000000',
	'SELECT count(*) FROM $t WHERE alike.time_bucket(100000, n) = 1500000',
	'SELECT count(*) FROM $t WHERE alike.time_bucket(''1 us'', d) > timestamp ''2000-01-01 00:00:00.009''',
	'SELECT alike.time_bucket(''1 day'', d) AS b, count(*) FROM $t GROUP BY b',
	'SELECT alike.pl_bucket(1000, n) AS b, count(*) FROM $t GROUP BY b',
	'SELECT n FROM $t WHERE alike.pl_bucket(1000, n) > 90',
	'SELECT time_bucket(100000, n) AS b, count(*) FROM $t GROUP BY b',
	'SELECT n FROM $t WHERE time_bucket(100000, n) > 21474936000']) WITH ORDINALITY q (query, i) ORDER BY i;
SELECT count(DISTINCT alike.time_bucket(1000, n)) AS buckets, max(alike.time_bucket(1000, n)) FROM alike.h;

-- ours go on being ours under another name and in another schema, and after a
-- function of the extension was changed
CREATE FUNCTION alike.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ 'Pruned|Skipped' THEN RETURN NEXT regexp_replace(line, '\d+', 'N', 'g'); END IF;
	END LOOP;
END $$;
SELECT alike.plan_of('SELECT count(*) FROM alike.t WHERE public.time_bucket(bigint ''1000'', n) > 38654700000');
SELECT alike.plan_of('SELECT count(*) FROM alike.t WHERE alike.time_bucket(bigint ''1000'', n) > 38654700000');
BEGIN;
ALTER FUNCTION public.time_bucket(bigint, bigint) RENAME TO eimer;
ALTER FUNCTION public.eimer(bigint, bigint) SET SCHEMA alike;
SELECT alike.plan_of('SELECT count(*) FROM alike.t WHERE alike.eimer(bigint ''1000'', n) > 38654700000');
ALTER EXTENSION rusts DROP FUNCTION alike.eimer(bigint, bigint);
ALTER FUNCTION alike.eimer(bigint, bigint) COST 2;
SELECT alike.plan_of('SELECT count(*) FROM alike.t WHERE alike.eimer(bigint ''1000'', n) > 38654700000');
ROLLBACK;
SELECT alike.plan_of('SELECT count(*) FROM alike.t WHERE public.time_bucket(bigint ''1000'', n) > 38654700000');

SET client_min_messages = warning;
DROP SCHEMA alike CASCADE;
