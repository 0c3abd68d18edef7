-- Functions in index expressions and predicates that read the table they are
-- on.  Whatever builds the index or sorts by it, they see all rows: those in
-- segments too.
SET timezone = 'UTC';
\set VERBOSITY terse
CREATE TABLE own_r (id int NOT NULL, v int) USING rusts;
CREATE TABLE own_h (id int NOT NULL, v int) USING heap;
INSERT INTO own_r SELECT g, g % 7 FROM generate_series(1, 200) g;
SELECT rusts.flush('own_r');
INSERT INTO own_r SELECT g, g % 7 FROM generate_series(201, 300) g;
INSERT INTO own_h SELECT * FROM own_r;
ANALYZE own_r, own_h;

-- -id; id if there is a row that it does not see
CREATE FUNCTION facing_r(id int) RETURNS int IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql SET search_path = public AS
$$ BEGIN RETURN CASE WHEN (SELECT count(*) FROM own_r) = 300 THEN -id ELSE id END; END $$;
CREATE FUNCTION facing_h(id int) RETURNS int IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql SET search_path = public AS
$$ BEGIN RETURN CASE WHEN (SELECT count(*) FROM own_h) = 300 THEN -id ELSE id END; END $$;
-- what the index has, not what the function says now
CREATE FUNCTION in_index(condition text) RETURNS TABLE (rusts text, heap text) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET rusts.enable_custom_scan = off AS $$
DECLARE
	line text;
	query text := 'SELECT count(*) || '' rows, '' || min(id) || '' to '' || max(id) FROM own_r WHERE ' || condition;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		CONTINUE WHEN line NOT LIKE '%Index Scan%';
		EXECUTE query INTO rusts;
		EXECUTE replace(query, '_r', '_h') INTO heap;
		RETURN NEXT;
	END LOOP;
END $$;

-- The planner asks a table's indexes, the one that is being built among them,
-- of a heap as well.  So here a function's plan is older than the build, or
-- made when pg_class knows of no index, as before the first and after VACUUM.
SET max_parallel_maintenance_workers = 0;
CREATE INDEX own_r_e ON own_r (facing_r(id));
CREATE INDEX own_h_e ON own_h (facing_h(id));
SELECT * FROM in_index('facing_r(id) < 0');
SELECT facing_r(1), facing_h(1);
REINDEX INDEX own_r_e;
REINDEX INDEX own_h_e;
SELECT * FROM in_index('facing_r(id) < 0');
REINDEX INDEX CONCURRENTLY own_r_e;
REINDEX INDEX CONCURRENTLY own_h_e;
SELECT * FROM in_index('facing_r(id) < 0');
VACUUM FULL own_r;
VACUUM FULL own_h;
DROP INDEX own_r_e, own_h_e;
VACUUM own_r, own_h;

-- a predicate
CREATE INDEX own_r_p ON own_r (v) WHERE facing_r(id) < -10;
CREATE INDEX own_h_p ON own_h (v) WHERE facing_h(id) < -10;
SELECT * FROM in_index('v > 2 AND facing_r(id) < -10');
DROP INDEX own_r_p, own_h_p;
CREATE INDEX CONCURRENTLY own_r_p ON own_r (v) WHERE facing_r(id) < -10;
CREATE INDEX CONCURRENTLY own_h_p ON own_h (v) WHERE facing_h(id) < -10;
SELECT * FROM in_index('v > 2 AND facing_r(id) < -10');
DROP INDEX own_r_p, own_h_p;
VACUUM own_r, own_h;

-- workers
SET max_parallel_maintenance_workers = 2;
SET min_parallel_table_scan_size = 0;
ALTER TABLE own_r SET (parallel_workers = 2);
ALTER TABLE own_h SET (parallel_workers = 2);
CREATE INDEX own_r_e ON own_r (facing_r(id));
CREATE INDEX own_h_e ON own_h (facing_h(id));
SELECT * FROM in_index('facing_r(id) < 0');
DROP INDEX own_r_e, own_h_e;
SET max_parallel_maintenance_workers = 0;
VACUUM own_r, own_h;

-- CLUSTER sorts hot rows by what the function says of the old table, before it
-- comes to the index
CREATE FUNCTION order_r(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql SET search_path = public AS
$$ BEGIN RETURN facing_r(id); EXCEPTION WHEN feature_not_supported THEN RETURN 0; END $$;
CREATE FUNCTION order_h(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql SET search_path = public AS
$$ BEGIN RETURN facing_h(id); EXCEPTION WHEN feature_not_supported THEN RETURN 0; END $$;
CREATE INDEX own_r_o ON own_r (order_r(id));
CREATE INDEX own_h_o ON own_h (order_h(id));
SELECT order_r(1), order_h(1);
SET enable_indexscan = off;
CLUSTER own_r USING own_r_o;
CLUSTER own_h USING own_h_o;
RESET enable_indexscan;
SELECT * FROM in_index('order_r(id) = 0');
SELECT hot_rows, segment_rows FROM rusts.tables WHERE relation = 'own_r'::regclass;
SELECT (SELECT array_agg(id) FROM (SELECT id FROM own_r LIMIT 4) r) AS rusts, (SELECT array_agg(id) FROM (SELECT id FROM own_h LIMIT 4) h) AS heap;
DROP INDEX own_r_o, own_h_o;
VACUUM own_r, own_h;

-- an error at a hot row, caught or not, leaves nothing behind
CREATE FUNCTION failing_r(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql SET search_path = public AS
$$ BEGIN RETURN 1 / ((SELECT count(*) FROM own_r WHERE v = 1) - CASE WHEN id = 250 AND current_setting('own.fail', true) = 'yes' THEN 43 ELSE 0 END); END $$;
SET own.fail = 'yes';
CREATE INDEX own_r_f ON own_r (failing_r(id));
DO $$
BEGIN
	FOR i IN 1..3 LOOP
		BEGIN
			CREATE INDEX own_r_f ON own_r (failing_r(id));
		EXCEPTION WHEN division_by_zero THEN
			RAISE NOTICE '% rows', (SELECT count(*) FROM own_r);
		END;
	END LOOP;
	SET own.fail = 'no';
	CREATE INDEX own_r_f ON own_r (failing_r(id));
END $$;
SET own.fail = 'yes';
SELECT failing_r(1);
CLUSTER own_r USING own_r_f;
CREATE INDEX CONCURRENTLY own_r_c ON own_r (failing_r(id));
SELECT count(*), sum(id) FROM own_r;
SET own.fail = 'no';
REINDEX INDEX CONCURRENTLY own_r_c;
SELECT count(*), sum(id) FROM own_r;
SELECT * FROM rusts.verify('own_r');
DROP TABLE own_r, own_h;
DROP FUNCTION facing_r, facing_h, order_r, order_h, failing_r, in_index;
