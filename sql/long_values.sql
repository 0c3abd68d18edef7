--
-- Long strings are kept in pieces, and read value by value.
--
SET timezone = 'UTC';
-- Tables of long texts, with NULLs, short ones and very long ones among them.
CREATE FUNCTION long_text(g int) RETURNS text IMMUTABLE LANGUAGE sql AS $$
	SELECT CASE WHEN g % 7 = 0 THEN NULL WHEN g % 11 = 0 THEN ''
		WHEN g % 401 = 0 THEN repeat(md5(g::text), 20000)
		ELSE repeat(md5(g::text) || md5((g * 3)::text), 20 + g % 13) END $$;
CREATE TABLE lv_heap (time timestamptz NOT NULL, host text, id int, doc text,
	body jsonb, raw bytea, note text);
CREATE TABLE lv_none (LIKE lv_heap) USING rusts
	WITH (rusts.tags = 'host', rusts.hot_compression = 'none');
CREATE TABLE lv_lz4 (LIKE lv_heap) USING rusts WITH (rusts.tags = 'host');
CREATE TABLE lv_zstd (LIKE lv_heap) USING rusts
	WITH (rusts.tags = 'host', rusts.hot_compression = 'zstd');
INSERT INTO lv_heap
	SELECT '2026-01-01'::timestamptz + g * interval '1 min', 'h' || g % 3, g,
		long_text(g),
		CASE WHEN g % 5 <> 0 THEN jsonb_build_object('g', g, 'list', repeat(md5(g::text), 30)) END,
		convert_to(long_text(g + 1), 'UTF8'), 'note ' || g
	FROM generate_series(1, 4000) g;
INSERT INTO lv_none SELECT * FROM lv_heap ORDER BY time;
INSERT INTO lv_lz4 SELECT * FROM lv_heap ORDER BY time;
INSERT INTO lv_zstd SELECT * FROM lv_heap ORDER BY time;
SELECT rusts.flush('lv_none'), rusts.flush('lv_lz4'), rusts.flush('lv_zstd');
CREATE INDEX ON lv_none (id);
CREATE INDEX ON lv_lz4 (id);
CREATE INDEX ON lv_zstd (id);
-- hot rows, too
INSERT INTO lv_heap SELECT time + interval '30 days', host, id + 4000, doc, body, raw, note
	FROM lv_heap WHERE id <= 20;
INSERT INTO lv_none SELECT * FROM lv_heap WHERE id > 4000;
INSERT INTO lv_lz4 SELECT * FROM lv_heap WHERE id > 4000;
INSERT INTO lv_zstd SELECT * FROM lv_heap WHERE id > 4000;
ANALYZE lv_heap; ANALYZE lv_none; ANALYZE lv_lz4; ANALYZE lv_zstd;
SELECT t, column_name, encoding, compression, sum(raw_bytes) AS raw_bytes,
	sum(raw_bytes) > 3 * sum(compressed_bytes) AS small
FROM unnest('{lv_none,lv_lz4,lv_zstd}'::regclass[]) t, rusts.segment_columns(t)
WHERE column_name IN ('doc', 'body', 'raw', 'note') GROUP BY 1, 2, 3, 4
ORDER BY t::text, column_name;
SELECT t, v.* FROM unnest('{lv_none,lv_lz4,lv_zstd}'::regclass[]) t, rusts.verify(t) v;

-- Each query on heap and on the three, in each way to read; nothing may differ.
CREATE FUNCTION lv_ask(query text, OUT setting text, OUT different text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	right_answer text;
	answer text;
	t text;
BEGIN
	EXECUTE format('SELECT md5(string_agg(q::text, E''\n'')) FROM (%s) q', format(query, 'lv_heap')) INTO right_answer;
	FOREACH setting IN ARRAY ARRAY['rusts.enable_custom_scan', 'enable_seqscan', 'enable_indexscan', 'rusts.enable_vectorized_agg', 'work_mem'] LOOP
		PERFORM set_config(setting, CASE setting WHEN 'work_mem' THEN '64kB' ELSE 'off' END, true);
		FOREACH t IN ARRAY ARRAY['lv_none', 'lv_lz4', 'lv_zstd'] LOOP
			EXECUTE format('SELECT md5(string_agg(q::text, E''\n'')) FROM (%s) q', format(query, t)) INTO answer;
			IF answer IS DISTINCT FROM right_answer THEN
				different := t;
				RETURN NEXT;
			END IF;
		END LOOP;
		EXECUTE 'RESET ' || setting;
	END LOOP;
END $$;
SELECT * FROM lv_ask('SELECT * FROM %I WHERE id = 777');
SELECT * FROM lv_ask('SELECT * FROM %I WHERE id BETWEEN 2380 AND 2420 ORDER BY id');
SELECT * FROM lv_ask('SELECT id, doc FROM %I WHERE id IN (7, 401, 802, 803, 11, 3999, 4003) ORDER BY id');
SELECT * FROM lv_ask('SELECT md5(doc), md5(body::text), md5(raw), note FROM %I ORDER BY time');
SELECT * FROM lv_ask('SELECT host, count(doc), sum(length(doc)), max(length(raw)), min(doc) FROM %I GROUP BY host ORDER BY host');
SELECT * FROM lv_ask('SELECT id FROM %I WHERE doc LIKE ''%%abcd%%'' ORDER BY id');
SELECT * FROM lv_ask('SELECT id, length(doc) FROM %I WHERE doc > ''f'' AND length(doc) > 1000 AND doc <> note ORDER BY id');
SELECT * FROM lv_ask('SELECT id FROM %I WHERE doc IS NULL AND raw IS NOT NULL ORDER BY id');
SELECT * FROM lv_ask('SELECT count(*) FROM %I WHERE doc = ''''');
SELECT * FROM lv_ask('SELECT doc, count(*) FROM %I GROUP BY doc HAVING count(*) > 0 ORDER BY doc');
SELECT * FROM lv_ask('SELECT id, doc FROM %I ORDER BY time DESC LIMIT 30');
SELECT * FROM lv_ask('SELECT DISTINCT ON (host) host, doc, time FROM %I ORDER BY host, time DESC');
SELECT * FROM lv_ask('SELECT host, last(doc, time), first(body, time) FROM %I GROUP BY host ORDER BY host');
SELECT * FROM lv_ask('SELECT id, body->>''g'', body->>''list'' FROM %I WHERE (body->>''g'')::int %% 50 = 0 ORDER BY id');
SELECT * FROM lv_ask('SELECT a.id, b.doc FROM %1$I a JOIN %1$I b ON b.id = a.id + 1 WHERE a.id < 60 ORDER BY 1');
SELECT * FROM lv_ask('SELECT id, doc || note, CASE WHEN id %% 2 = 0 THEN doc ELSE note END FROM %I WHERE id < 900 ORDER BY id');

-- Two rows of one block at once, in both directions, and slots that are kept.
BEGIN;
SET LOCAL enable_seqscan = off;
DECLARE c SCROLL CURSOR FOR SELECT id, length(doc), md5(doc) FROM lv_lz4 WHERE id BETWEEN 400 AND 404 ORDER BY id;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
COMMIT;
SELECT bool_and(a.doc IS NOT DISTINCT FROM b.doc) FROM lv_lz4 a JOIN lv_heap b USING (id);

-- What is read of a segment for one value is little; all of it is 10 MB.
CREATE FUNCTION lv_bytes_read(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ 'Segment Bytes Read' THEN
			RETURN substring(line FROM '\d+$');
		END IF;
	END LOOP;
END $$;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT lv_bytes_read('SELECT doc FROM lv_none WHERE id = 777') < 1000000 AS one_value,
	lv_bytes_read('SELECT doc FROM lv_none') > 5000000 AS all_values;
RESET enable_indexscan;
RESET enable_bitmapscan;

-- Rewrites keep every byte: VACUUM FULL, CLUSTER, another compression, dump of values.
VACUUM FULL lv_lz4;
CLUSTER lv_zstd USING lv_zstd_id_idx;
ALTER TABLE lv_none ALTER COLUMN note TYPE varchar;
SELECT * FROM lv_ask('SELECT * FROM %I WHERE id %% 3 = 0 ORDER BY time');
SELECT t, v.* FROM unnest('{lv_none,lv_lz4,lv_zstd}'::regclass[]) t, rusts.verify(t) v;
-- A few documents, no two alike: no dictionary, which would be read as a whole.  A few that come again and again: one.
CREATE TABLE lv_few (time timestamptz NOT NULL, id int, doc text, again text) USING rusts;
INSERT INTO lv_few SELECT '2026-01-01'::timestamptz + g * interval '1 min', g, repeat(md5(g::text), 1000), repeat(md5((g % 7)::text), 9000)
	FROM generate_series(1, 200) g;
SELECT rusts.flush('lv_few');
SELECT column_name, encoding FROM rusts.segment_columns('lv_few') WHERE column_name IN ('doc', 'again') ORDER BY column_name;
SELECT id, md5(doc) = md5(repeat(md5(id::text), 1000)) AS doc, md5(again) = md5(repeat(md5((id % 7)::text), 9000)) AS again
	FROM lv_few WHERE id IN (1, 77, 200) ORDER BY id;
SELECT * FROM rusts.verify('lv_few');
DROP TABLE lv_few, lv_heap, lv_none, lv_lz4, lv_zstd;
DROP FUNCTION long_text, lv_ask, lv_bytes_read;
