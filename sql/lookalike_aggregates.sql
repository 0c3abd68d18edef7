-- What looks like a built-in aggregate and is not, and what a role may execute.
CREATE TABLE look (time timestamptz NOT NULL, host text, v int, f float8) USING rusts WITH (rusts.tags = 'host');
INSERT INTO look SELECT '2024-01-01'::timestamptz + g * interval '1 s', 'h' || g % 3, g % 100, g FROM generate_series(1, 3000) g;
SELECT rusts.flush('look');
ANALYZE look;
CREATE AGGREGATE sum_or_zero(float8) (sfunc = float8pl, stype = float8, initcond = '0');
CREATE AGGREGATE count_from_100(*) (sfunc = int8inc, stype = bigint, initcond = '100');
CREATE AGGREGATE count_from_100(int) (sfunc = int8inc_any, stype = bigint, initcond = '100');
CREATE AGGREGATE count_or_null(*) (sfunc = int8inc, stype = bigint);
CREATE AGGREGATE product_like_max(int) (sfunc = int4larger, stype = int, initcond = '1000');
CREATE AGGREGATE sum_of_squares(float8) (sfunc = float8_accum, stype = float8[], initcond = '{0,0,0}');
CREATE AGGREGATE avg_with_two(float8) (sfunc = float8_accum, stype = float8[], finalfunc = float8_avg, initcond = '{2,0,0}');
CREATE AGGREGATE same_as_sum(float8) (sfunc = float8pl, stype = float8);
SELECT sum_or_zero(f), count_from_100(*), count_from_100(v), count_or_null(*), product_like_max(v), avg_with_two(f), same_as_sum(f) FROM look WHERE host = 'none';
SELECT host, sum_or_zero(f) FILTER (WHERE v > 1000), count_from_100(*), count_from_100(v) FILTER (WHERE v > 97), count_or_null(*), product_like_max(v),
	(sum_of_squares(f))[2], avg_with_two(f), same_as_sum(f)
FROM look GROUP BY host ORDER BY host;
-- a distinct count of another start
SELECT count_from_100(DISTINCT v) FROM look;

-- overflows of sums: an error or the true value, never NaN from finite input
SELECT sum(CASE WHEN v % 2 = 0 THEN 1.5e308::float8 ELSE -1.5e308 END) IS NULL FROM look WHERE v < 1;
SELECT stddev(CASE WHEN v % 2 = 0 THEN 1.5e308::float8 ELSE -1.5e308 END) FROM look;
SELECT host, var_pop(CASE WHEN v % 2 = 0 THEN 1.5e308::float8 ELSE -1.5e308 END) FROM look GROUP BY host;
SELECT sum(1.5e308::float8 * (v - v + 1)) FROM look;
SELECT avg(CASE WHEN v = 7 THEN 'NaN' ELSE f END), stddev(CASE WHEN v = 7 THEN 'NaN' ELSE f END), sum(CASE WHEN v = 7 THEN 'inf' ELSE f END),
	sum(CASE v WHEN 7 THEN 'inf' WHEN 8 THEN '-inf' ELSE f END), var_samp(CASE WHEN v = 7 THEN 'inf' ELSE f END) FROM look;

-- EXECUTE
CREATE ROLE look_reader;
GRANT SELECT ON look TO look_reader;
CREATE FUNCTION secret(int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION secret_plus(float8, float8) RETURNS float8 LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'float8pl';
CREATE FUNCTION secret_less(int, int) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int4lt';
CREATE OPERATOR <<< (leftarg = int, rightarg = int, function = secret_less);
CREATE AGGREGATE secret_sum(float8) (sfunc = secret_plus, stype = float8);
REVOKE EXECUTE ON FUNCTION secret, secret_less FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION sum_or_zero, secret_sum FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION int4gt, int4eq, sum(float8) FROM PUBLIC;
SET ROLE look_reader;
SELECT count(*) FROM look WHERE secret(v) > 0;
SELECT count(*) FROM look WHERE v <<< 3;
SELECT count(*) FROM look WHERE v > 3;
SELECT count(*) FILTER (WHERE v > 3) FROM look;
SELECT host, sum(secret(v)) FROM look GROUP BY host;
SELECT v > 3, count(*) FROM look GROUP BY 1;
SELECT sum_or_zero(f) FROM look;
SELECT secret_sum(f) FROM look;
SELECT sum(f) FROM look;
SELECT v, count(*) FROM look GROUP BY v;
SELECT sum(v) FROM look WHERE v < 3;
RESET ROLE;
GRANT EXECUTE ON FUNCTION int4gt, int4eq, sum(float8) TO PUBLIC;
-- the functions of an aggregate are its owner's to call
REVOKE EXECUTE ON FUNCTION secret_plus FROM PUBLIC;
GRANT EXECUTE ON FUNCTION secret_sum TO look_reader;
SET ROLE look_reader;
SELECT secret_sum(f) FROM look;
RESET ROLE;

DROP TABLE look;
DROP AGGREGATE sum_or_zero(float8), count_from_100(*), count_from_100(int), count_or_null(*), product_like_max(int), sum_of_squares(float8), avg_with_two(float8), same_as_sum(float8),
	secret_sum(float8);
DROP OPERATOR <<< (int, int);
DROP FUNCTION secret, secret_plus, secret_less;
DROP ROLE look_reader;
