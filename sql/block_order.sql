-- Blocks of a segment in every order: all, a few, backwards, at random.
CREATE TABLE blocks (id bigint NOT NULL, time timestamptz NOT NULL, walk float8, level bigint, part float8, note text)
	USING rusts WITH (rusts.time = 'time', rusts.flush_age = 0);
CREATE TABLE blocks_heap (LIKE blocks);
INSERT INTO blocks_heap
	SELECT i, timestamptz '2024-01-01 00:00+00' + i * interval '1 second',
		round((50 + 20 * sin(i / 500.0) + (i * 7919 % 101) / 100.0)::numeric, 2),
		i * 7919 % 100003,
		CASE WHEN i % 3 > 0 OR i BETWEEN 30000 AND 34000 THEN i * 0.5 END,
		md5(i::text)
	FROM generate_series(0, 59999) i;
INSERT INTO blocks SELECT * FROM blocks_heap;
SELECT rusts.flush('blocks') > 0 AS flushed;
SELECT count(*), min(rows) >= 1024 AS full_blocks FROM rusts.segments('blocks');

-- all of them
(TABLE blocks EXCEPT ALL TABLE blocks_heap) UNION ALL (TABLE blocks_heap EXCEPT ALL TABLE blocks);
-- every third, the last of each frame, two of each frame
SELECT count(*), round(sum(walk)::numeric, 4), sum(level), sum(part), max(note) FROM blocks WHERE id / 1024 % 3 = 1
EXCEPT
SELECT count(*), round(sum(walk)::numeric, 4), sum(level), sum(part), max(note) FROM blocks_heap WHERE id / 1024 % 3 = 1;
SELECT count(*), sum(level), max(note) FROM blocks
	WHERE id BETWEEN 16200 AND 16300 OR id BETWEEN 32500 AND 33000 OR id BETWEEN 59000 AND 59100
EXCEPT
SELECT count(*), sum(level), max(note) FROM blocks_heap
	WHERE id BETWEEN 16200 AND 16300 OR id BETWEEN 32500 AND 33000 OR id BETWEEN 59000 AND 59100;
SELECT count(*), sum(level), max(note) FROM blocks WHERE id / 1024 % 16 IN (4, 5) AND walk > 40
EXCEPT
SELECT count(*), sum(level), max(note) FROM blocks_heap WHERE id / 1024 % 16 IN (4, 5) AND walk > 40;

-- backwards, and to and fro
SET rusts.enable_custom_scan = off;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, walk, part FROM blocks;
FETCH LAST FROM c;
MOVE BACKWARD 20000 FROM c;
FETCH BACKWARD 2 FROM c;
MOVE FORWARD 3000 FROM c;
FETCH 2 FROM c;
MOVE BACKWARD 6000 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH FIRST FROM c;
COMMIT;
RESET rusts.enable_custom_scan;

-- at random
CREATE INDEX ON blocks (level);
SET enable_seqscan = off;
SET rusts.enable_custom_scan = off;
SELECT sum(b.id), round(sum(b.walk)::numeric, 4), max(b.note)
	FROM generate_series(0, 50000, 50) k, LATERAL (SELECT * FROM blocks WHERE level = k OFFSET 0) b
EXCEPT
SELECT sum(b.id), round(sum(b.walk)::numeric, 4), max(b.note)
	FROM generate_series(0, 50000, 50) k JOIN blocks_heap b ON level = k;
RESET enable_seqscan;
RESET rusts.enable_custom_scan;

SELECT * FROM rusts.verify('blocks');
DROP TABLE blocks, blocks_heap;
