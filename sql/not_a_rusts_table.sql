--
-- The functions about a table's storage, called with everything that is no
-- rusts table, and with tables at the ends of what there can be.
--
CREATE SCHEMA odd;
SET search_path = odd, public;
CREATE TABLE heap (time timestamptz, v int);
CREATE TABLE parts (time timestamptz, v int) PARTITION BY RANGE (time);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') USING rusts;
CREATE INDEX heap_v ON heap (v);
CREATE INDEX parts_v ON parts (v);
CREATE TABLE rusts_table (time timestamptz NOT NULL, v int) USING rusts;
CREATE INDEX rusts_v ON rusts_table (v);
CREATE VIEW a_view AS SELECT * FROM rusts_table;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM rusts_table;
CREATE SEQUENCE a_sequence;
CREATE TYPE a_type AS (time timestamptz, v int);
CREATE FOREIGN DATA WRAPPER a_wrapper;
CREATE SERVER a_server FOREIGN DATA WRAPPER a_wrapper;
CREATE FOREIGN TABLE a_foreign (time timestamptz, v int) SERVER a_server;
CREATE FUNCTION outcome(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE 'SELECT count(*) FROM ' || call INTO n;
	RETURN n || ' rows';
EXCEPTION
	WHEN OTHERS THEN RETURN sqlstate || ' ' || regexp_replace(sqlerrm, '\d{4,}', 'N');
END $$;
CREATE FUNCTION outcomes(what text, relation oid) RETURNS TABLE (argument text, function text, result text) LANGUAGE sql AS $$
	SELECT what, f, outcome(format('rusts.%s(%L)', f, relation))
	FROM unnest('{flush,segments,segment_columns,verify,table_facts}'::text[]) WITH ORDINALITY c (f, i) ORDER BY i
$$;
CREATE TABLE dropped (time timestamptz) USING rusts;
CREATE TABLE gone AS SELECT 'dropped'::regclass::oid AS oid;
DROP TABLE dropped;

SELECT o.* FROM unnest('{heap,parts,heap_v,parts_v,rusts_v,a_view,a_matview,a_sequence,a_type,a_foreign,pg_class,pg_class_oid_index,pg_authid}'::regclass[])
	WITH ORDINALITY r (r, i), outcomes(r::text, r) o ORDER BY r.i;
SELECT o.* FROM outcomes('toast', (SELECT reltoastrelid FROM pg_class WHERE oid = 'rusts_table'::regclass)) o;
SELECT o.* FROM gone, outcomes('dropped', oid) o;
SELECT o.* FROM (VALUES ('zero', 0::oid), ('one', 1), ('largest', 4294967295)) r (what, oid), outcomes(what, oid) o;
SELECT o.* FROM outcomes('no OID of a table', 'rusts.version'::regproc::oid) o;
SELECT o.* FROM outcomes('NULL', NULL) o;
SELECT o.* FROM outcomes('empty', 'rusts_table'::regclass) o UNION ALL SELECT o.* FROM outcomes('partition', 'part'::regclass) o;

-- names that are none
SELECT rusts.flush('');
SELECT outcome($$rusts.flush('nowhere.nothing')$$) ~ 'does not exist' AS missing;
SELECT rusts.segments('a.b.c.d');
SELECT outcome(format('rusts.flush(%L)', '"' || repeat('x', 1000000) || '"'));
SELECT outcome(format('rusts.flush(%L)', repeat('x', 1000000) || '.y')) ~ 'does not exist' AS missing;

-- tables: without columns, with dropped ones, with the most there can be
CREATE TABLE nothing () USING rusts;
INSERT INTO nothing DEFAULT VALUES;
CREATE TABLE all_dropped (a int, time timestamptz) USING rusts;
INSERT INTO all_dropped VALUES (1, '2024-01-01');
SELECT rusts.flush('all_dropped');
ALTER TABLE all_dropped DROP COLUMN a, DROP COLUMN time;
DO $$ BEGIN
	EXECUTE (SELECT format('CREATE TABLE widest (time timestamptz NOT NULL, %s) USING rusts', string_agg('c' || i || ' bool', ', ')) FROM generate_series(1, 1599) i);
END $$;
INSERT INTO widest (time, c1, c1599) VALUES ('infinity', true, false), ('-infinity', NULL, true);
SELECT rusts.flush('widest');
SELECT o.* FROM unnest('{nothing,all_dropped,widest}'::regclass[]) WITH ORDINALITY r (r, i), outcomes(r::text, r) o ORDER BY r.i;
SELECT relation, time_column, hot_rows, segments, segment_rows, min_time, max_time FROM rusts.tables
WHERE relation IN ('nothing'::regclass, 'all_dropped'::regclass, 'widest'::regclass) ORDER BY relation::text COLLATE "C";
SELECT min_time, max_time, partition_start, rows FROM rusts.segments('widest') ORDER BY segment_id;

-- values at the ends of their types
CREATE TABLE ends (time timestamptz NOT NULL, d date, ts timestamp, i interval, s smallint, n int, b bigint, f float8, f4 float4,
	m numeric, t text, y bytea, c char(3), u uuid, z name) USING rusts;
INSERT INTO ends VALUES
	('-infinity', '-infinity', '-infinity', '-178000000 years', -32768, -2147483648, -9223372036854775808, '-Infinity', '-Infinity', '-Infinity', '', '', '', '00000000-0000-0000-0000-000000000000', ''),
	('infinity', 'infinity', 'infinity', '178000000 years', 32767, 2147483647, 9223372036854775807, 'NaN', 'NaN', 'NaN', repeat('x', 1000000), decode(repeat('ff', 1000000), 'hex'), 'zzz', 'ffffffff-ffff-ffff-ffff-ffffffffffff', repeat('n', 63)),
	('4714-11-24 00:00:00+00 BC', '4714-11-24 BC', '4714-11-24 BC', '0', 0, 0, 0, '5e-324', '1e-45', '1e-16383', 'a', '\x00', NULL, NULL, NULL),
	('294276-12-31 23:59:59.999999+00', '5874897-12-31', '294276-12-31 23:59:59.999999', '1 us', 1, 1, 1, '1.7976931348623157e308', '3.4028235e38', '1e131071', chr(1114111), NULL, 'é', NULL, NULL);
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET extra_float_digits = 1;
SELECT rusts.flush('ends');
SELECT rows, min_time, max_time, partition_start FROM rusts.segments('ends') ORDER BY min_time;
SELECT column_name, null_count, left(min_value, 30) AS min_value, left(max_value, 30) AS max_value FROM rusts.segment_columns('ends')
WHERE segment_id = (SELECT min(segment_id) FROM rusts.segments('ends')) ORDER BY column_name::text COLLATE "C";
SELECT * FROM rusts.verify('ends');
SELECT min_time, max_time FROM rusts.tables WHERE relation = 'ends'::regclass;
SELECT first(time, time), last(time, time), count(DISTINCT md5(e::text)) FROM ends e;
CREATE TABLE ends_bigint (n bigint, v int) USING rusts WITH (rusts.time = 'n', rusts.partition_interval = 1);
INSERT INTO ends_bigint VALUES (-9223372036854775808, 1), (9223372036854775807, 2), (0, 3), (NULL, 4);
SELECT rusts.flush('ends_bigint');
SELECT rows, min_time, max_time, partition_start FROM rusts.segments('ends_bigint') ORDER BY min_time::bigint;
SELECT n, v FROM ends_bigint ORDER BY n;
SELECT n FROM ends_bigint WHERE n >= 9223372036854775807 OR n <= -9223372036854775808 ORDER BY n;
SELECT * FROM rusts.verify('ends_bigint');
ALTER TABLE ends_bigint SET (rusts.partition_interval = 7);
INSERT INTO ends_bigint SELECT n, v + 10 FROM ends_bigint;
INSERT INTO ends_bigint VALUES (-9223372036854775802, 25), (9223372036854775802, 26);
SELECT rusts.flush('ends_bigint');
ALTER TABLE ends_bigint SET (rusts.partition_interval = 9223372036854775807);
INSERT INTO ends_bigint SELECT n, v + 30 FROM ends_bigint WHERE v < 10;
SELECT rusts.flush('ends_bigint');
SELECT rows, min_time, max_time, partition_start FROM rusts.segments('ends_bigint') ORDER BY segment_id;
SELECT n, array_agg(v ORDER BY v) FROM ends_bigint GROUP BY n ORDER BY n;
SELECT n, v FROM ends_bigint WHERE n >= 9223372036854775802 OR n <= -9223372036854775802 ORDER BY n, v;
SELECT * FROM rusts.verify('ends_bigint');

-- where nothing may be written
BEGIN READ ONLY;
SELECT rusts.flush('rusts_table');
ROLLBACK;
SELECT rusts.version() ~ '^\d+\.\d+\.\d+$' AS version;

SET client_min_messages = warning;
RESET search_path;
DROP SCHEMA odd CASCADE;
DROP FOREIGN DATA WRAPPER a_wrapper CASCADE;
RESET ALL;
