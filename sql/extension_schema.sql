--
-- Functions that people write live in the schema of CREATE EXTENSION,
-- everything else in schema rusts.
--
SELECT extnamespace::regnamespace AS schema, extrelocatable FROM pg_extension WHERE extname = 'rusts';
DROP EXTENSION rusts;
CREATE SCHEMA "Time Series";
CREATE EXTENSION rusts SCHEMA "Time Series";
SELECT DISTINCT p.pronamespace::regnamespace AS schema, p.proname
FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'rusts')
	AND p.pronamespace <> 'rusts'::regnamespace
ORDER BY 1, 2;
SELECT time_bucket(5, 12);
SELECT "Time Series".time_bucket(5, 12), "Time Series".last(v, v), "Time Series".mean(v),
	"Time Series".percentile(v, 0.5)
FROM generate_series(1, 3) v;
SET search_path = "Time Series", public;
SELECT time_bucket('1 week', date '2024-05-15'), first(v, -v), histogram(v, 0, 3, 3)
FROM generate_series(1, 3) v;
RESET search_path;
-- every function that people write says what it is for
SELECT p.oid::regprocedure
FROM pg_proc p
WHERE p.pronamespace = '"Time Series"'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL;
ALTER EXTENSION rusts SET SCHEMA public;
DROP EXTENSION rusts;
SELECT count(*) AS left_behind FROM pg_proc WHERE pronamespace = '"Time Series"'::regnamespace;
SELECT count(*) AS left_behind FROM pg_namespace WHERE nspname = 'rusts';
DROP SCHEMA "Time Series";
CREATE EXTENSION rusts;
SELECT time_bucket(5, 12);
