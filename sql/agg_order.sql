-- Groups in the order of ORDER BY, without a sort above: every kind of key,
-- both directions, NULLs at either end, hot rows and segments, spilled groups.
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE ordered (time timestamptz NOT NULL, host text, c text COLLATE "C",
	i int, f float8, r float4, n numeric, b boolean, d date, u uuid, v float8)
	USING rusts WITH (rusts.time = 'time', rusts.tags = 'host', rusts.flush_age = 0);
INSERT INTO ordered
SELECT '2024-01-01+00'::timestamptz + make_interval(mins => g * 7 % 3000),
	CASE WHEN g % 11 > 0 THEN 'Host ' || chr(65 + g % 40) END,
	CASE WHEN g % 13 > 0 THEN chr(60 + g % 60) || g % 3 END,
	CASE WHEN g % 17 > 0 THEN (g % 19 - 9) * 100000000 END,
	CASE g % 23 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' WHEN 3 THEN '-Infinity'
		WHEN 4 THEN -0.0 WHEN 5 THEN 0.0 ELSE (g % 23 - 12) * 1.5 END,
	CASE g % 7 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' ELSE (g % 7 - 4) / 3.0 END,
	CASE g % 9 WHEN 0 THEN NULL WHEN 1 THEN 1.0 WHEN 2 THEN 1.00 ELSE (g % 9 - 5) * 1e20 END,
	CASE g % 5 WHEN 0 THEN NULL ELSE g % 5 > 2 END,
	'2024-01-01'::date + g % 29,
	CASE WHEN g % 31 > 0 THEN md5((g % 31)::text)::uuid END,
	g
FROM generate_series(1, 6000) g;

-- each line: the keys, is there a sort above, are answers and order the same
CREATE FUNCTION same_order(keys text, orders text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT %s, count(*) AS rows, sum(v) AS total FROM ordered GROUP BY %s ORDER BY %s', keys, keys, orders);
	numbered text := format('SELECT string_agg(x::text, '';'') FROM (%s) x', query);
	line text;
	sorts boolean := false;
	ours text;
	theirs text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		sorts := sorts OR line ~ 'Sort';
	END LOOP;
	EXECUTE numbered INTO ours;
	SET LOCAL rusts.enable_vectorized_agg = off;
	EXECUTE numbered INTO theirs;
	SET LOCAL rusts.enable_vectorized_agg = on;
	RETURN CASE WHEN sorts THEN 'sorts' ELSE 'ordered' END || ', ' ||
		CASE WHEN ours = theirs THEN 'same' ELSE E'DIFFERENT\n' || ours || E'\n' || theirs END;
END $$;
CREATE VIEW orders AS
SELECT orders, same_order(keys, orders)
FROM (VALUES ('host', 'host'), ('host', 'host DESC'), ('host', 'host DESC NULLS LAST'), ('host', 'host NULLS FIRST'),
	('c', 'c'), ('c', 'c COLLATE "POSIX"'), ('i', 'i'), ('i', 'i DESC'), ('f', 'f'), ('f', 'f DESC NULLS LAST'),
	('r', 'r NULLS FIRST'), ('r', 'r DESC'), ('n', 'n'), ('n', 'n DESC'), ('b', 'b'), ('b', 'b DESC'), ('d', 'd DESC'), ('u', 'u'),
	('time_bucket(''1 hour'', time)', '1 DESC'), ('time_bucket(''1 hour'', time), host', '1, 2'),
	('host, i, c', 'i DESC, c, host NULLS FIRST'), ('host, f', 'f, host DESC'), ('host, i', 'count(*), i, host'),
	('i + 1', '1 DESC'), ('host', 'lower(host), host'), ('b, d, i, u', 'u DESC, i, d DESC, b')) q (keys, orders);
SELECT rusts.flush('ordered');
SELECT * FROM orders;
INSERT INTO ordered SELECT time + interval '1 day', host || '!', c, i * 2, f, r, n + 1, b, d + 5, u, v FROM ordered LIMIT 500;
SET work_mem = '64kB';
SELECT * FROM orders WHERE orders IN ('1, 2', 'i DESC, c, host NULLS FIRST', 'f, host DESC', 'host');
RESET work_mem;

-- estimated to fit, and does not: rows of all batches are sorted
CREATE TABLE surprise (time timestamptz NOT NULL, host text, k int) USING rusts
	WITH (rusts.time = 'time', rusts.tags = 'host', rusts.flush_age = 0);
INSERT INTO surprise SELECT '2024-01-01+00'::timestamptz + g * interval '1 s', 'h' || g % 10, g % 10 FROM generate_series(1, 20000) g;
ANALYZE surprise;
UPDATE surprise SET k = (v * 7919) % 20011 FROM generate_series(1, 20000) v WHERE time = '2024-01-01+00'::timestamptz + v * interval '1 s';
SELECT rusts.flush('surprise');
SET work_mem = '256kB';
EXPLAIN (COSTS OFF) SELECT k, count(*) FROM surprise GROUP BY k ORDER BY k DESC;
DO $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) SELECT k, count(*) FROM surprise GROUP BY k ORDER BY k DESC' INTO plan;
	ASSERT (plan -> 0 -> 'Plan' ->> 'Disk Usage')::int > 0;
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) SELECT k, count(*), array_agg(host) FROM surprise GROUP BY k ORDER BY k DESC' INTO plan;
	ASSERT (plan -> 0 -> 'Plan' ->> 'Batches')::int > 1;
END $$;
SELECT count(*), count(*) FILTER (WHERE k >= before) AS misplaced
FROM (SELECT k, lag(k) OVER () AS before FROM (SELECT k, count(*) FROM surprise GROUP BY k ORDER BY k DESC) o) l;
SELECT count(*), count(*) FILTER (WHERE k >= before) AS misplaced
FROM (SELECT k, lag(k) OVER () AS before, a FROM (SELECT k, count(*), array_agg(host) AS a FROM surprise GROUP BY k ORDER BY k DESC) o) l WHERE cardinality(a) > 0;
BEGIN;
DECLARE c CURSOR FOR SELECT k, count(*) FROM surprise GROUP BY k ORDER BY k DESC;
FETCH 2 FROM c;
CLOSE c;
COMMIT;
RESET work_mem;

-- parallel, LIMIT, window functions, and started again with another parameter
SET rusts.enable_resident_workers = off;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT host, i, sum(v) FROM ordered GROUP BY host, i ORDER BY i DESC, host LIMIT 3;
SELECT host, i, sum(v) FROM ordered GROUP BY host, i ORDER BY i DESC, host LIMIT 3;
SET max_parallel_workers_per_gather = 0;
-- from PostgreSQL 18 on there is a line more about a window
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line !~ '^ *Window: ' THEN
			RETURN NEXT line;
		END IF;
	END LOOP;
END $$;
SELECT plan('SELECT d, count(*), sum(count(*)) OVER (ORDER BY d) FROM ordered GROUP BY d ORDER BY d LIMIT 3');
DROP FUNCTION plan(text);
SELECT d, count(*), sum(count(*)) OVER (ORDER BY d) FROM ordered GROUP BY d ORDER BY d LIMIT 3;
SELECT x.n, y.* FROM generate_series(-9, -7) x (n),
	LATERAL (SELECT b, count(*) FROM ordered WHERE i = x.n * 100000000 GROUP BY b ORDER BY b DESC) y;
DROP FUNCTION same_order CASCADE;
DROP TABLE ordered, surprise;
