-- What could raise an error is evaluated only for rows that PostgreSQL would
-- evaluate it for, whatever pruning would like to know beforehand.
SET timezone = 'UTC';
CREATE TABLE guard_heap (time timestamptz NOT NULL, host text, id int, v int, s text);
INSERT INTO guard_heap SELECT '2024-01-01'::timestamptz + g * interval '10 s', 'h' || g % 7, g, g % 100, 's' || g % 5
FROM generate_series(1, 60000) g;
CREATE TABLE guard_rusts (LIKE guard_heap) USING rusts WITH (rusts.tags = 'host', rusts.segment_rows = 8192);
INSERT INTO guard_rusts SELECT * FROM guard_heap;
SELECT rusts.flush('guard_rusts') > 0 AS flushed;
INSERT INTO guard_heap SELECT '2024-01-09'::timestamptz + g * interval '10 s', 'h1', g, 0, 'hot' FROM generate_series(1, 100) g;
INSERT INTO guard_rusts SELECT * FROM guard_heap WHERE s = 'hot';
ANALYZE guard_heap, guard_rusts;

-- conditions without columns guard parts without columns
SET plan_cache_mode = force_generic_plan;
PREPARE since(text) AS SELECT count(*) FROM guard_rusts WHERE $1 = '' OR time >= $1::timestamptz;
EXECUTE since('');
EXECUTE since('2024-01-08 12:00');
EXECUTE since('yesterday or so');
PREPARE not_before(text) AS SELECT count(*) FROM guard_rusts WHERE NOT ($1 <> '' AND time < $1::timestamptz);
EXECUTE not_before('');
EXECUTE not_before('2024-01-08 12:00');
PREPARE guard(int) AS SELECT count(*) FROM guard_rusts WHERE $1 = 0 OR v > 100 / $1;
EXECUTE guard(0);
EXECUTE guard(3);
PREPARE listed(text) AS SELECT count(*) FROM guard_rusts WHERE $1 = '' OR v = ANY (string_to_array($1, ',')::int[]);
EXECUTE listed('');
EXECUTE listed('1,2');
PREPARE in_case(int) AS SELECT count(*) FROM guard_rusts WHERE CASE WHEN $1 = 0 THEN v = 1 ELSE v = 10 / $1 END;
EXECUTE in_case(0);
EXECUTE in_case(5);
PREPARE in_coalesce(int) AS SELECT count(*) FROM guard_rusts WHERE v > coalesce(nullif($1, 0), 10 / $1);
EXECUTE in_coalesce(50);
PREPARE in_nullif(int) AS SELECT count(*) FROM guard_rusts WHERE v > 100 / nullif($1, 0);
EXECUTE in_nullif(0);

-- so do conditions on columns, in PostgreSQL's order
PREPARE order_kept(int) AS SELECT count(*) FROM guard_rusts WHERE host = 'none' AND v > 10 / $1;
EXECUTE order_kept(0);
EXECUTE order_kept(1);
PREPARE by_time(int) AS SELECT count(*) FROM guard_rusts WHERE time > '2030-01-01' AND v > 10 / $1;
EXECUTE by_time(0);
PREPARE tags(text) AS SELECT count(*) FROM guard_rusts WHERE time > '2030-01-01' AND host = chr(length($1) - 4);
EXECUTE tags('');
PREPARE no_rows(int) AS SELECT count(*) FROM guard_rusts WHERE v < 0 AND time > '2024-01-01'::timestamptz + interval '1 h' / $1;
EXECUTE no_rows(0);
-- a row reaches it: an error
PREPARE reached(int) AS SELECT count(*) FROM guard_rusts WHERE host = 'h1' AND v > 10 / $1;
EXECUTE reached(0);

-- aggregates' arguments and filters, targets, keys, widths of buckets
PREPARE in_filter(int) AS SELECT count(*) FILTER (WHERE $1 <> 0 AND v > 10 / $1), sum(CASE WHEN $1 <> 0 THEN v / $1 ELSE 1 END),
	max(v) FILTER (WHERE v < 0 AND v / $1 > 1) FROM guard_rusts;
EXECUTE in_filter(0);
EXECUTE in_filter(2);
PREPARE in_key(int) AS SELECT CASE WHEN $1 = 0 THEN 0 ELSE v % $1 END AS k, count(*) FROM guard_rusts GROUP BY 1 ORDER BY 1;
EXECUTE in_key(0);
EXECUTE in_key(2);
PREPARE width(interval) AS SELECT count(*) FROM guard_rusts WHERE $1 = interval '0' OR time_bucket($1, time) < '2024-01-01 02:00';
EXECUTE width('0');
EXECUTE width('1 h');
EXECUTE width(NULL);
PREPARE bucket(interval) AS SELECT time_bucket($1, time), count(*) FROM guard_rusts WHERE id < 0 GROUP BY 1 ORDER BY 1 LIMIT 3;
EXECUTE bucket('0');
PREPARE unit(text) AS SELECT count(*) FROM guard_rusts WHERE $1 = '' OR date_trunc($1, time) = '2024-01-01 02:00';
EXECUTE unit('');
EXECUTE unit('hour');
PREPARE division(bigint) AS SELECT count(*) FROM guard_rusts WHERE $1 = 0 OR extract(epoch FROM time)::bigint / $1 > 20000;
EXECUTE division(0);
EXECUTE division(86400);
PREPARE sub(int) AS SELECT count(*) FROM guard_rusts WHERE $1 = 0 OR v > (SELECT 100 / $1);
EXECUTE sub(0);
EXECUTE sub(3);
RESET plan_cache_mode;
DEALLOCATE ALL;

-- what cannot fail is known before anything is read: segments are pruned
CREATE FUNCTION pruned(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ 'Pruned by Summary' THEN RETURN trim(line); END IF;
	END LOOP;
	RETURN 'none pruned';
END $$;
SET plan_cache_mode = force_generic_plan;
PREPARE recent(interval) AS SELECT count(*) FROM guard_rusts WHERE time > '2024-01-07 22:00'::timestamptz - $1;
SELECT pruned($$EXECUTE recent('1 h')$$);
PREPARE day(timestamptz) AS SELECT count(*) FROM guard_rusts WHERE time >= date_trunc('day', $1) AND time < date_trunc('day', $1) + interval '1 day';
SELECT pruned($$EXECUTE day('2024-01-03 12:00')$$);
PREPARE last_hour AS SELECT count(*) FROM guard_rusts WHERE s <> 'hot' AND time > (SELECT max(time) - interval '1 hour' FROM guard_rusts WHERE s < 'z');
SELECT pruned($$EXECUTE last_hour$$);
PREPARE latest(timestamptz, int) AS SELECT count(*) FROM guard_rusts WHERE time > greatest($1, '2024-01-05') - make_interval(hours => $2);
SELECT pruned($$EXECUTE latest('2024-01-07', 1)$$);
PREPARE iso(text) AS SELECT count(*) FROM guard_rusts WHERE s = 'none' AND time > $1::timestamptz;
SELECT pruned($$EXECUTE iso('2024-01-07 12:00:01.5+02')$$);
EXECUTE iso('2024-02-30');
EXECUTE iso('2024-01-07T25:00:00Z');
EXECUTE iso('');
-- what might fail is known as soon as a row has needed it
PREPARE text_day(text) AS SELECT count(*) FROM guard_rusts WHERE time >= $1::timestamptz AND time < $1::timestamptz + interval '1 day';
SELECT pruned($$EXECUTE text_day('Jan 3 2024')$$);
EXECUTE text_day('Jan 3 2024');
RESET plan_cache_mode;
DEALLOCATE ALL;

-- at the ends of the types' ranges nothing is evaluated ahead
CREATE TABLE guard_more (time timestamptz NOT NULL, d date, s2 smallint, b bigint, s text) USING rusts;
INSERT INTO guard_more SELECT '2024-01-01'::timestamptz + g * interval '1 min', '2024-01-01'::date + g / 100, -16000, g, 's' || g % 3 FROM generate_series(1, 2000) g;
SELECT rusts.flush('guard_more');
ANALYZE guard_more;
SELECT count(*) FROM guard_more WHERE s = 'none' AND time_bucket('1 hour', d) > '2024-01-02';
SELECT count(*) FROM guard_more WHERE s = 'none' AND time_bucket('1 day', d, "offset" => interval '6 hours') > '2024-01-02';
SELECT count(*) FROM guard_more WHERE s = 'none' AND date_bin('1 month', time, '2024-01-01') > '2024-01-02';
SELECT count(*) FROM guard_more WHERE s = 'none' AND time_bucket(30000::smallint, s2, 20000::smallint) < 5;
SELECT count(*) FROM guard_more WHERE s = 'none' AND time_bucket('0', time) < '2024-01-01';
SELECT count(*) FROM guard_more WHERE s = 'none' AND date_trunc('eon', time) < '2024-01-01';
SELECT count(*) FROM guard_more WHERE s = 'none' GROUP BY extract(epoch FROM time)::int8 * 3000000000 * 3000000000;
SELECT count(*) FROM guard_more WHERE s = 'none' GROUP BY (extract(epoch FROM time) * 10000000 * 10000000)::int8;
SELECT count(*) FROM guard_more WHERE s = 'none' GROUP BY date_bin('1 month', time, '2024-01-01') + interval '1 hour';
SET plan_cache_mode = force_generic_plan;
PREPARE edge(bigint) AS SELECT count(*) FROM guard_more WHERE s = 'none' AND b > time_bucket(1000::bigint, $1);
EXECUTE edge(-9223372036854775808);
PREPARE bin(timestamptz, interval) AS SELECT count(*) FROM guard_more WHERE s = 'none' AND time > date_bin($2, $1, '2000-01-01');
EXECUTE bin('2000-01-01', '1 month');
EXECUTE bin('2000-01-01', '1 day');
PREPARE zone(text) AS SELECT count(*) FROM guard_more WHERE s = 'none' AND time > '2024-01-01'::timestamp AT TIME ZONE $1;
EXECUTE zone('nowhere');
EXECUTE zone(repeat('x', 1000000));
EXECUTE zone('Europe/Berlin');
CREATE DOMAIN guard_c AS text COLLATE "C";
CREATE DOMAIN guard_posix AS text COLLATE "POSIX";
PREPARE texts(guard_c, guard_posix) AS SELECT count(*) FROM guard_more WHERE s = 'none' AND (b > 100000 OR $1 < $2);
EXECUTE texts('a', 'b');
PREPARE many_rows(int) AS SELECT count(*) FROM guard_more WHERE s = 'none' AND b > (SELECT 10 / $1) AND b > (SELECT b FROM guard_more);
EXECUTE many_rows(0);
DEALLOCATE ALL;
DROP TABLE guard_more;
DROP DOMAIN guard_c, guard_posix;
PREPARE far(timestamptz, interval) AS SELECT count(*) FROM guard_rusts WHERE v < 0 AND time > $1 + $2;
EXECUTE far('294276-01-01', '2000 years');
EXECUTE far('infinity', '1 day');
EXECUTE far('2024-01-01', '178000000 years');
EXECUTE far(NULL, '1 day');
PREPARE far_number(int, int) AS SELECT count(*) FROM guard_rusts WHERE v < 0 AND id > $1 + $2;
EXECUTE far_number(2147483647, 1);
EXECUTE far_number(-2147483648, -1);
RESET plan_cache_mode;
DEALLOCATE ALL;

-- a volatile condition is asked for each row, not for each series
CREATE SEQUENCE asked;
CREATE FUNCTION ask(h text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN nextval('asked') > 0; END $$;
SELECT count(*) FROM guard_rusts WHERE ask(host);
SELECT last_value FROM asked;
SELECT host, count(*) BETWEEN CASE host WHEN 'h1' THEN 3900 ELSE 700 END AND CASE host WHEN 'h1' THEN 4700 ELSE 1050 END AS plausible
FROM guard_rusts WHERE random() < CASE host WHEN 'h1' THEN 0.5 ELSE 0.1 END GROUP BY host ORDER BY host;

DROP TABLE guard_heap, guard_rusts;
DROP FUNCTION pruned, ask;
DROP SEQUENCE asked;
