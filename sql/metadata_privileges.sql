--
-- What the functions about a table's storage show follows the caller's rights,
-- as pg_stats does: nothing of rows while row-level security applies, nothing
-- of columns that may not be read, and no table that may not be read at all.
--
CREATE ROLE meta_owner;
CREATE ROLE meta_reader;
CREATE ROLE meta_bypass BYPASSRLS;
CREATE SCHEMA meta;
GRANT ALL ON SCHEMA meta TO meta_owner, meta_reader, meta_bypass;
CREATE TABLE meta.t (time timestamptz NOT NULL, host text, secret int, note text)
USING rusts WITH (rusts.tags = 'host', rusts.flush_age = 0);
INSERT INTO meta.t SELECT timestamptz '2024-01-01 00:00+00' + i * interval '1 min', 'h' || i % 3, i, 'n' || i
FROM generate_series(0, 999) i;
SELECT rusts.flush('meta.t');
INSERT INTO meta.t VALUES ('2024-06-01 00:00+00', 'h9', -5, 'hot');
ALTER TABLE meta.t OWNER TO meta_owner;
SET TimeZone = 'UTC';
-- everything that the functions say, on one row each
CREATE VIEW meta.said AS
SELECT (SELECT string_agg(format('%s rows, %s to %s, from %s', rows, min_time, max_time, partition_start), '; ') FROM rusts.segments('meta.t')) AS segments,
	(SELECT string_agg(format('%s %s..%s %s', column_name, min_value, max_value, null_count), '; ') FROM rusts.segment_columns('meta.t')) AS columns;
CREATE VIEW meta.listed AS
SELECT relation, time_column, tags, hot_rows, hot_bytes > 0 AS hot, segments, segment_rows, deleted_rows, raw_bytes > 0 AS raw, compressed_bytes > 0 AS bytes,
	compression_ratio > 0 AS ratio, min_time, max_time, last_flush IS NOT NULL AS flushed
FROM rusts.tables WHERE relation = 'meta.t'::regclass;
GRANT SELECT ON meta.said, meta.listed TO PUBLIC;
-- views run as their owner where tables are concerned, functions in them as the caller
CREATE FUNCTION meta.look() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN SELECT s::text FROM meta.said s LOOP
		RETURN NEXT 'said ' || line;
	END LOOP;
	FOR line IN SELECT l::text FROM meta.listed l LOOP
		RETURN NEXT 'listed ' || line;
	END LOOP;
	RETURN NEXT 'verify ' || (SELECT count(*) FROM rusts.verify('meta.t'));
EXCEPTION
	WHEN insufficient_privilege THEN RETURN NEXT sqlerrm;
END $$;

-- no privilege: refused, not listed
SET ROLE meta_reader;
SELECT meta.look();
SELECT count(*) FROM rusts.segments('meta.t');
SELECT count(*) FROM rusts.segment_columns('meta.t');
SELECT count(*) FROM rusts.verify('meta.t');
SELECT count(*) FROM rusts.table_facts('meta.t'::regclass);
SELECT count(*) FROM rusts.tables WHERE relation = 'meta.t'::regclass;
SELECT rusts.flush('meta.t');
RESET ROLE;
-- a privilege other than SELECT is none
GRANT INSERT, UPDATE, DELETE ON meta.t TO meta_reader;
SET ROLE meta_reader;
SELECT meta.look();
SELECT count(*) FROM rusts.tables WHERE relation = 'meta.t'::regclass;
RESET ROLE;

-- one column that is not the time: no times, and bounds of that column alone
GRANT SELECT (note) ON meta.t TO meta_reader;
SET ROLE meta_reader;
SELECT * FROM meta.said;
SELECT * FROM meta.listed;
SELECT count(*) FROM rusts.verify('meta.t');
RESET ROLE;
-- the time column, and a tag
GRANT SELECT (time, host) ON meta.t TO meta_reader;
SET ROLE meta_reader;
SELECT * FROM meta.said;
SELECT * FROM meta.listed;
SELECT count(*) FROM rusts.verify('meta.t');
RESET ROLE;
-- every column
GRANT SELECT (secret) ON meta.t TO meta_reader;
SET ROLE meta_reader;
SELECT meta.look();
RESET ROLE;
REVOKE ALL ON meta.t FROM meta_reader;
REVOKE ALL (time, host, secret, note) ON meta.t FROM meta_reader;
-- a column that is gone leaves no trace
ALTER TABLE meta.t ADD COLUMN later int DEFAULT 7;
ALTER TABLE meta.t DROP COLUMN secret;
GRANT SELECT (time, host, note, later) ON meta.t TO meta_reader;
SET ROLE meta_reader;
SELECT meta.look();
RESET ROLE;
-- the table
REVOKE ALL (time, host, note, later) ON meta.t FROM meta_reader;
GRANT SELECT ON meta.t TO meta_reader, meta_bypass;
SET ROLE meta_reader;
SELECT meta.look();
RESET ROLE;

-- row-level security: values and counts are hidden, sizes are not
ALTER TABLE meta.t ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON meta.t FOR SELECT USING (host = 'h1');
SET ROLE meta_reader;
SELECT count(*) FROM meta.t;
SELECT count(*) FROM pg_stats WHERE schemaname = 'meta' AND tablename = 't';
SELECT * FROM meta.said;
SELECT * FROM meta.listed;
SELECT count(*) FROM rusts.verify('meta.t');
SET row_security = off;
SELECT * FROM meta.said;
SELECT * FROM meta.listed;
SELECT count(*) FROM rusts.verify('meta.t');
RESET row_security;
RESET ROLE;
-- it does not apply to these
SET ROLE meta_bypass;
SELECT meta.look();
SET ROLE meta_owner;
SELECT meta.look();
RESET ROLE;
SELECT meta.look();
-- unless the owner says so
ALTER TABLE meta.t FORCE ROW LEVEL SECURITY;
SET ROLE meta_owner;
SELECT meta.look();
SELECT rusts.flush('meta.t');
RESET ROLE;
-- enabled without a policy: no rows at all
ALTER TABLE meta.t NO FORCE ROW LEVEL SECURITY;
DROP POLICY own ON meta.t;
SET ROLE meta_reader;
SELECT * FROM meta.said;
SELECT * FROM meta.listed;
RESET ROLE;

-- a query's own functions do not get to see hidden rows either
CREATE POLICY own ON meta.t FOR SELECT USING (host = 'h1');
CREATE FUNCTION meta.tell(text) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
	IF $1 IN ('n1', 'n2', 'n3', 'hot') THEN RAISE NOTICE 'sees %', $1; END IF;
	RETURN true;
END $$;
SET ROLE meta_reader;
SELECT count(*) FROM meta.t WHERE meta.tell(note);
SELECT host, count(*) FROM meta.t WHERE meta.tell(note) GROUP BY host;
SELECT min(note), max(time) FROM meta.t WHERE meta.tell(note) OR later = 1;
SELECT note FROM meta.t WHERE meta.tell(note) ORDER BY time DESC LIMIT 1;
RESET ROLE;

RESET TimeZone;
DROP SCHEMA meta CASCADE;
DROP ROLE meta_owner, meta_reader, meta_bypass;
