--
-- Storage parameters: where they are accepted, what they do to statements
-- around them, and how they follow the table's columns.
--
SET client_min_messages = notice;

CREATE FUNCTION opts(rel regclass) RETURNS text
LANGUAGE sql STABLE AS
$$SELECT coalesce(string_agg(o, ' | ' ORDER BY n), '(none)')
  FROM pg_class, unnest(reloptions) WITH ORDINALITY AS u(o, n) WHERE pg_class.oid = rel$$;

-- Both spellings, in any company; stored in one form.
CREATE TABLE opt_a (time timestamptz NOT NULL, host text, "Region" text, v float8)
	USING rusts WITH (rusts.time = time, fillfactor = 90, rusts.tags = ' host , "Region" ');
SELECT opts('opt_a');
CREATE TABLE opt_b (time timestamptz NOT NULL, host text, v float8)
	USING rusts WITH ("rusts.tags" = 'HOST', autovacuum_enabled = false, "rusts.flush_rows" = 5000);
SELECT opts('opt_b');
CREATE TABLE opt_all (t bigint, host text, v float8, n int, s text) USING rusts WITH (
	rusts.time = 't', rusts.tags = 'host', rusts.partition_interval = 1000000,
	rusts.flush_rows = 0, rusts.flush_size = '8MB', rusts.flush_age = '90s',
	rusts.segment_rows = 4096, rusts.hot_compression = 'none',
	rusts.cold_compression = 'zstd:9', rusts.cold_after = '1 day',
	rusts.encoding = 'v=gorilla, n=delta, s=dictionary');
SELECT opts('opt_all');

-- What is refused, and that nothing stays behind.
CREATE TABLE opt_bad (time timestamptz, host text) USING rusts WITH (rusts.tag = 'host');
CREATE TABLE opt_bad (time timestamptz, host text) USING rusts WITH (rusts.tags = 'hots');
CREATE TABLE opt_bad (time timestamptz, host text) USING rusts WITH (rusts.tags = 'host,host');
CREATE TABLE opt_bad (time timestamptz, host text) USING rusts WITH (rusts.tags = 'host,time');
CREATE TABLE opt_bad (time timestamptz, host text) USING rusts WITH (rusts.tags = 'host,');
CREATE TABLE opt_bad (time timestamptz, p point) USING rusts WITH (rusts.tags = 'p');
CREATE TABLE opt_bad (time timestamptz, host text) USING rusts WITH (rusts.time = 'host');
CREATE TABLE opt_bad (time timestamptz, host text) USING rusts WITH (rusts.time = 'ctid');
CREATE TABLE opt_bad (time timestamptz, host text) USING rusts WITH (rusts.partition_interval = '1 month');
CREATE TABLE opt_bad (time date) USING rusts WITH (rusts.partition_interval = '90 minutes');
CREATE TABLE opt_bad (t bigint) USING rusts WITH (rusts.time = t, rusts.partition_interval = '1 day');
CREATE TABLE opt_bad (time timestamptz) USING rusts WITH (rusts.flush_rows = 'many');
CREATE TABLE opt_bad (time timestamptz) USING rusts WITH (rusts.flush_size = '64 furlongs');
CREATE TABLE opt_bad (time timestamptz) USING rusts WITH (rusts.segment_rows = 10);
CREATE TABLE opt_bad (time timestamptz) USING rusts WITH (rusts.hot_compression = 'zstd:99');
CREATE TABLE opt_bad (time timestamptz, v float8) USING rusts WITH (rusts.encoding = 'v=delta');
CREATE TABLE opt_bad (time timestamptz, v float8) USING rusts WITH (rusts.encoding = 'v=magic');
CREATE TABLE opt_bad (time timestamptz, v float8) USING rusts WITH (rusts.tags = 'v', rusts.tags = 'v');
CREATE TABLE opt_bad (time timestamptz) USING rusts WITH (rusts.tags);
CREATE TABLE opt_bad (time timestamptz, host text) USING heap WITH (rusts.tags = 'host');
CREATE TABLE opt_bad (time timestamptz, host text) PARTITION BY RANGE (time) WITH (rusts.tags = 'host');
CREATE TABLE opt_bad (time timestamptz, host text) USING rusts WITH (nonsense.tags = 'host');
SELECT count(*) FROM pg_class WHERE relname = 'opt_bad';

-- The settings of the same names are checked alike.
SET rusts.partition_interval = '1 month';
SET rusts.hot_compression = 'zip';
SET rusts.encoding = 'alp';
SET rusts.no_such_setting = 1;
SET rusts.flush_age = '2 min';
SHOW rusts.flush_age;
RESET rusts.flush_age;

-- ALTER TABLE: ours, the server's, both, with other subcommands.
ALTER TABLE opt_a SET (rusts.flush_age = '5s');
SELECT opts('opt_a');
ALTER TABLE opt_a SET (fillfactor = 80);
SELECT opts('opt_a');
ALTER TABLE opt_a SET (fillfactor = 70, rusts.flush_age = '7s'), RESET ("rusts.tags");
SELECT opts('opt_a');
ALTER TABLE opt_a RESET (fillfactor, rusts.flush_age);
SELECT opts('opt_a');
ALTER TABLE opt_a ADD COLUMN rack int, SET (rusts.tags = 'rack,host', toast.autovacuum_enabled = false);
SELECT opts('opt_a');
ALTER TABLE opt_a ALTER COLUMN v SET STATISTICS 10, SET (autovacuum_enabled = false);
SELECT opts('opt_a');
SELECT reloptions FROM pg_class WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'opt_a'::regclass);
ALTER TABLE opt_a SET (rusts.tags = 'nope');
ALTER TABLE opt_a SET (fillfactor = 5);
ALTER TABLE opt_a RESET (rusts.tags = 'host');
ALTER TABLE IF EXISTS opt_nowhere SET (rusts.tags = 'host');
SELECT opts('opt_a');
BEGIN;
ALTER TABLE opt_a SET (rusts.tags = 'host');
ROLLBACK;
SELECT opts('opt_a');

-- A weak lock is enough, and is what is taken.
BEGIN;
ALTER TABLE opt_a SET (rusts.flush_rows = 10);
SELECT DISTINCT mode FROM pg_locks WHERE relation = 'opt_a'::regclass AND pid = pg_backend_pid() ORDER BY 1;
ROLLBACK;

-- Columns that are renamed or dropped.
ALTER TABLE opt_all RENAME COLUMN host TO "Host, Name";
ALTER TABLE opt_all RENAME COLUMN t TO tick;
ALTER TABLE opt_all RENAME COLUMN v TO value;
SELECT opts('opt_all');
ALTER TABLE opt_all DROP COLUMN "Host, Name", DROP COLUMN n;
SELECT opts('opt_all');
ALTER TABLE opt_all ALTER COLUMN tick TYPE timestamp USING 'epoch';
ALTER TABLE opt_all ALTER COLUMN tick TYPE date USING 'epoch', SET (rusts.partition_interval = '3 days');
ALTER TABLE opt_all DROP COLUMN tick, ADD COLUMN tick timestamptz, SET (rusts.time = tick), RESET (rusts.partition_interval);
SELECT opts('opt_all');
CREATE DOMAIN opt_domain AS text;
CREATE TABLE opt_cascade (time timestamptz, d opt_domain, host text) USING rusts WITH (rusts.tags = 'd,host');
DROP DOMAIN opt_domain CASCADE;
SELECT opts('opt_cascade');
ALTER TABLE opt_cascade SET (rusts.time = 'time');
ALTER TABLE opt_cascade ALTER COLUMN time TYPE text;
ALTER TABLE opt_cascade ALTER COLUMN time TYPE text, RESET (rusts.time);
SELECT opts('opt_cascade');

-- Partitions: the parent's RENAME reaches them.
SET default_table_access_method = rusts;
CREATE TABLE opt_parent (time timestamptz NOT NULL, host text) PARTITION BY RANGE (time);
CREATE TABLE opt_part PARTITION OF opt_parent FOR VALUES FROM ('2024-01-01') TO ('2024-02-01') WITH (rusts.tags = 'host');
ALTER TABLE opt_parent RENAME COLUMN host TO machine;
SELECT opts('opt_part');
ALTER TABLE opt_parent SET (rusts.tags = 'machine');
ALTER TABLE opt_parent DROP COLUMN machine;
SELECT opts('opt_part');

-- LIKE, CREATE TABLE AS, EXPLAIN ANALYZE of it, materialized views, schemas.
CREATE TABLE opt_like (LIKE opt_b INCLUDING ALL);
SELECT opts('opt_like');
CREATE TABLE opt_like2 (LIKE opt_b INCLUDING DEFAULTS);
SELECT opts('opt_like2');
CREATE TABLE opt_like3 (LIKE opt_b INCLUDING STORAGE) WITH (rusts.tags = 'host', rusts.flush_rows = 1);
SELECT opts('opt_like3');
CREATE TABLE opt_like4 (LIKE opt_b INCLUDING ALL) USING heap;
SELECT opts('opt_like4');
CREATE TABLE opt_serial (id serial, time timestamptz, host text, PRIMARY KEY (id)) WITH (rusts.tags = host);
SELECT opts('opt_serial'), opts('opt_serial_id_seq'), opts('opt_serial_pkey');
CREATE TABLE opt_ctas WITH (rusts.tags = 'host') AS SELECT now() AS time, 'a'::text AS host;
SELECT opts('opt_ctas');
CREATE TABLE opt_ctas2 WITH (rusts.tags = 'hots') AS SELECT now() AS time, 'a'::text AS host;
CREATE TABLE IF NOT EXISTS opt_ctas WITH (rusts.tags = 'time') AS SELECT 1;
SELECT opts('opt_ctas');
DO $$BEGIN EXECUTE 'EXPLAIN ANALYZE CREATE TABLE opt_explain USING rusts WITH (rusts.tags = host) AS SELECT now() AS time, 1 AS host'; END$$;
SELECT opts('opt_explain');
CREATE MATERIALIZED VIEW opt_matview USING rusts WITH (rusts.tags = 'host') AS SELECT * FROM opt_ctas;
REFRESH MATERIALIZED VIEW opt_matview;
ALTER MATERIALIZED VIEW opt_matview SET (rusts.flush_rows = 77, fillfactor = 50);
ALTER MATERIALIZED VIEW opt_matview RENAME COLUMN host TO h;
SELECT opts('opt_matview');
CREATE SCHEMA opt_schema CREATE TABLE inside (time timestamptz, host text) WITH (rusts.tags = 'host');
SELECT opts('opt_schema.inside');
DROP SCHEMA opt_schema CASCADE;
RESET default_table_access_method;

-- Statements that run more than once keep their trees.
CREATE FUNCTION opt_make() RETURNS void LANGUAGE plpgsql AS
$$BEGIN
	CREATE TEMP TABLE opt_temp (time timestamptz, host text) USING rusts WITH (rusts.tags = 'host', fillfactor = 50);
	ALTER TABLE opt_temp SET (rusts.flush_rows = 5);
	RAISE NOTICE '%', opts('opt_temp');
	DROP TABLE opt_temp;
END$$;
SELECT opt_make();
SELECT opt_make();

-- Parameters survive what copies or rewrites the table.
VACUUM FULL opt_b;
ALTER TABLE opt_b ALTER COLUMN v TYPE float4;
TRUNCATE opt_b;
SELECT opts('opt_b');

-- SET ACCESS METHOD.
CREATE TABLE opt_switch (time timestamptz, host int) USING heap;
SELECT reltoastrelid <> 0 AS toast FROM pg_class WHERE oid = 'opt_switch'::regclass;
ALTER TABLE opt_switch SET (rusts.tags = 'host');
ALTER TABLE opt_switch SET ACCESS METHOD rusts, SET (rusts.tags = 'host', fillfactor = 60);
SELECT opts('opt_switch'), reltoastrelid <> 0 AS toast FROM pg_class WHERE oid = 'opt_switch'::regclass;
ALTER TABLE opt_switch SET ACCESS METHOD heap;
SELECT opts('opt_switch');

ALTER TABLE opt_switch SET ACCESS METHOD rusts;

-- One statement that rewrites the table and sets what the rewrite goes by.
CREATE TABLE opt_rewrite (time timestamptz NOT NULL, a int, b text, m float8) USING rusts WITH (rusts.tags = 'b', rusts.flush_age = 0);
INSERT INTO opt_rewrite SELECT timestamptz '2024-01-01 00:00+00' + i * interval '1 min', i % 7, 'b' || i % 5, i FROM generate_series(1, 3000) i;
SELECT rusts.flush('opt_rewrite');
CREATE TABLE opt_rewrite_heap AS TABLE opt_rewrite;
ALTER TABLE opt_rewrite OWNER TO CURRENT_USER, ALTER COLUMN a TYPE text, ADD COLUMN c int DEFAULT (random() * 0)::int + 3, DROP COLUMN m,
	SET (rusts.tags = 'c,a', fillfactor = 50), ADD PRIMARY KEY (time), RESET (rusts.flush_age);
SELECT opts('opt_rewrite');
SELECT count(*) FROM (SELECT time, a, b, 3 FROM opt_rewrite_heap EXCEPT ALL SELECT time, a::int, b, c FROM opt_rewrite) s;
ALTER TABLE opt_rewrite SET ACCESS METHOD heap, SET (fillfactor = 20);
SELECT opts('opt_rewrite');
ALTER TABLE opt_rewrite SET ACCESS METHOD heap, SET (rusts.tags = 'c,a');
ALTER TABLE opt_rewrite SET ACCESS METHOD none_such, SET (rusts.tags = 'c,a');
ALTER TABLE opt_rewrite SET (rusts.tags = 'c,a'), SET ACCESS METHOD rusts;
SELECT opts('opt_rewrite');
SELECT rusts.flush('opt_rewrite');
SELECT count(*) FROM (SELECT time, a, b, 3 FROM opt_rewrite_heap EXCEPT ALL SELECT time, a::int, b, c FROM opt_rewrite) s;
SELECT DISTINCT column_name FROM rusts.segment_columns('opt_rewrite') WHERE encoding = 'series' ORDER BY 1;
CREATE TABLE opt_bad (time timestamptz) USING none_such WITH (rusts.tags = 'time');

-- Event triggers see one ALTER TABLE.
CREATE FUNCTION opt_event() RETURNS event_trigger LANGUAGE plpgsql AS
$$DECLARE r record;
BEGIN
	FOR r IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
		RAISE NOTICE 'event: % %', r.command_tag, r.object_identity;
	END LOOP;
END$$;
CREATE EVENT TRIGGER opt_event ON ddl_command_end EXECUTE FUNCTION opt_event();
ALTER TABLE opt_b SET (rusts.tags = 'host', fillfactor = 55);
ALTER TABLE opt_b ADD COLUMN w int, SET (rusts.tags = 'w,host', fillfactor = 65);
DROP EVENT TRIGGER opt_event;
SELECT opts('opt_b');

-- A read-only transaction says what it says of any table.
BEGIN READ ONLY;
ALTER TABLE opt_b SET (rusts.flush_rows = 1);
ROLLBACK;

DROP MATERIALIZED VIEW opt_matview;
DROP TABLE opt_a, opt_b, opt_all, opt_cascade, opt_parent, opt_like, opt_like2, opt_like3, opt_like4, opt_serial, opt_ctas, opt_explain, opt_switch, opt_rewrite, opt_rewrite_heap;
DROP FUNCTION opts(regclass), opt_make(), opt_event();
