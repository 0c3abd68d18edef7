# Routines.pm: functions and aggregates of a user's own, for the query twin.
#
#   routines()                 SQL that makes them, once a database
#   function_number, function_condition, user_aggregate, foreign_call
#                              random calls of them
#
# Among them: every volatility, every parallel safety, strict and not; those
# that fail on some rows; aggregates with a built-in transition function and
# another initial value, with growing states, with and without a combine
# function; and, in the schema twin_other, things named as ours are that do
# something else.  A combine function only goes with an initial value that is
# neutral: with others parallel plans differ by PostgreSQL's own doing.
package Routines;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);

our @EXPORT_OK = qw(routines function_number function_condition user_aggregate foreign_call);

sub functions
{
	return <<'SQL';
CREATE FUNCTION twin_odd(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN i % 2 <> 0; END $$;
CREATE FUNCTION twin_even(i int) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 % 2 = 0';
-- fails when it sees a row that the policies on t hide
CREATE FUNCTION twin_leak(h text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE COST 0.0001 AS $$
BEGIN
	IF h = 'host_1' THEN RAISE EXCEPTION 'saw a hidden row'; END IF;
	RETURN true;
END $$;
-- nothing looks through these
CREATE FUNCTION twin_same(x anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN x; END $$;
CREATE FUNCTION twin_stable(i int) RETURNS int LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN i * 2; END $$;
CREATE FUNCTION twin_volatile(i int) RETURNS int LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$ BEGIN RETURN i + 3; END $$;
CREATE FUNCTION twin_lax(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN coalesce(i, -1); END $$;
CREATE FUNCTION twin_strict(i int, j int) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN i - j; END $$;
CREATE FUNCTION twin_null(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN CASE WHEN i % 3 = 0 THEN i END; END $$;
CREATE FUNCTION twin_picky(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
	IF i % 2 <> 0 THEN RAISE EXCEPTION 'odd: %', i; END IF;
	RETURN i;
END $$;
CREATE FUNCTION twin_setting() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT nullif(current_setting('twin.n', true), '')::int $$;
-- without the setting each call would start workers where they cost nothing
CREATE FUNCTION twin_looked_up() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE SET max_parallel_workers_per_gather = 0 AS $$ BEGIN RETURN (SELECT count(*) FROM hosts); END $$;
CREATE DOMAIN twin_small AS int CHECK (VALUE < 4);
CREATE DOMAIN twin_percent AS float8 CHECK (VALUE BETWEEN 0 AND 100);
-- a server without ICU has no such collation: queries with it fail on both
DO $$ BEGIN CREATE COLLATION twin_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); EXCEPTION WHEN feature_not_supported THEN NULL; END $$;
-- what these do cannot be done in a parallel worker
CREATE FUNCTION twin_restricted(i float8) RETURNS float8 LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$ BEGIN RETURN i + (SELECT max(n) FROM lim); END $$;
CREATE FUNCTION twin_unsafe(i float8) RETURNS float8 LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$ BEGIN PERFORM nextval('lim_seq'); RETURN i - 1; END $$;
-- counts its calls, since twin_tick_start
CREATE FUNCTION twin_tick_start() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN setval('tick_seq', 1, false); END $$;
CREATE FUNCTION twin_tick() RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$ BEGIN RETURN nextval('tick_seq') - 1; END $$;
CREATE FUNCTION twin_tick_of(x anyelement) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$ BEGIN RETURN nextval('tick_seq') - 1; END $$;
CREATE FUNCTION twin_flush() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.oid = 't'::regclass AND a.amname = 'rusts') THEN PERFORM rusts.flush('t'); END IF;
	RETURN true;
END $$;
CREATE FUNCTION twin_scan_line(query text, parallel text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found_lines text := '';
BEGIN
	PERFORM set_config(name, parallel, true) FROM pg_settings WHERE name IN ('debug_parallel_query', 'force_parallel_mode');
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ '^ *(Segments|Blocks):' THEN found_lines := found_lines || trim(line) || ' '; END IF;
	END LOOP;
	RETURN found_lines;
END $$;
SQL
}

sub aggregates
{
	return <<'SQL';
CREATE AGGREGATE sum_or_zero(float8) (sfunc = float8pl, stype = float8, initcond = '0');
CREATE AGGREGATE sum_from_1000(float8) (sfunc = float8pl, stype = float8, initcond = '1000');
CREATE AGGREGATE sum_or_zero_parallel(float8) (sfunc = float8pl, stype = float8, initcond = '0', combinefunc = float8pl, parallel = safe);
CREATE AGGREGATE count_from_100(*) (sfunc = int8inc, stype = bigint, initcond = '100');
CREATE AGGREGATE count_from_7("any") (sfunc = int8inc_any, stype = bigint, initcond = '7');
CREATE AGGREGATE sum_int_from_5(int4) (sfunc = int4_sum, stype = bigint, initcond = '5');
CREATE AGGREGATE max_or_zero(int4) (sfunc = int4larger, stype = int4, initcond = '0', combinefunc = int4larger, parallel = safe);
CREATE AGGREGATE min_or_zero(int8) (sfunc = int8smaller, stype = int8, initcond = '0');
CREATE AGGREGATE max_or_zero(float8) (sfunc = float8larger, stype = float8, initcond = '0');
CREATE AGGREGATE plain_max(int4) (sfunc = int4larger, stype = int4);
CREATE AGGREGATE plain_sum(float8) (sfunc = float8pl, stype = float8);
CREATE AGGREGATE text_or_m(text) (sfunc = text_larger, stype = text, initcond = 'm');
CREATE AGGREGATE avg_from(float8) (sfunc = float8_accum, stype = float8[], finalfunc = float8_avg, initcond = '{2,10,0}');
CREATE AGGREGATE avg_int_from(int4) (sfunc = int4_avg_accum, stype = int8[], finalfunc = int8_avg, initcond = '{1,5}');
CREATE AGGREGATE poly_sum(int8) (sfunc = int8_avg_accum, stype = internal, finalfunc = numeric_poly_sum);
CREATE AGGREGATE all_or_false(boolean) (sfunc = booland_statefunc, stype = boolean, initcond = 'false');
CREATE AGGREGATE any_or_true(boolean) (sfunc = boolor_statefunc, stype = boolean, initcond = 'true');
CREATE AGGREGATE latest_or(timestamptz) (sfunc = timestamptz_larger, stype = timestamptz, initcond = '2024-01-01 00:10:00+00');
CREATE FUNCTION twin_null_counter(state int, i int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN coalesce(state, 0) + CASE WHEN i IS NULL THEN 1000 ELSE 1 END; END $$;
CREATE FUNCTION twin_add_strict(state int8, i int4) RETURNS int8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN state + i; END $$;
CREATE FUNCTION twin_add_sql(state int8, i int8) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1 + $2';
CREATE FUNCTION twin_add_picky(state int8, i int4) RETURNS int8 LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN IF i = 3 THEN RAISE EXCEPTION 'three'; END IF; RETURN state + coalesce(i, 0); END $$;
CREATE FUNCTION twin_half(state int8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN coalesce(state, -2) / 2.0; END $$;
CREATE FUNCTION twin_total(state int[]) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN (SELECT count(*) * 1000003 + coalesce(sum(x), 0) FROM unnest(state) x); END $$;
CREATE FUNCTION twin_append_md5(state text, s text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN state || left(md5(coalesce(s, '~')), 4); END $$;
CREATE AGGREGATE null_counter(int) (sfunc = twin_null_counter, stype = int);
CREATE AGGREGATE add_strict(int4) (sfunc = twin_add_strict, stype = int8, initcond = '0', finalfunc = twin_half);
CREATE AGGREGATE add_combined(int8) (sfunc = twin_add_sql, stype = int8, combinefunc = int8pl, finalfunc = twin_half, parallel = safe);
CREATE AGGREGATE add_picky(int4) (sfunc = twin_add_picky, stype = int8, initcond = '0');
CREATE AGGREGATE list_total(int4) (sfunc = array_append, stype = int4[], initcond = '{}', finalfunc = twin_total);
CREATE AGGREGATE list_combined(int4) (sfunc = array_append, stype = int4[], combinefunc = array_cat, finalfunc = twin_total, parallel = safe);
CREATE AGGREGATE list_of(anycompatible) (sfunc = array_append, stype = anycompatiblearray, initcond = '{}');
CREATE AGGREGATE text_length(text) (sfunc = textcat, stype = text, finalfunc = length);
CREATE AGGREGATE md5_length(text) (sfunc = twin_append_md5, stype = text, initcond = '', finalfunc = length, finalfunc_modify = read_write);
CREATE AGGREGATE md5_text(text) (sfunc = twin_append_md5, stype = text, initcond = '');
SQL
}

# Named as ours or as PostgreSQL's, and different.
sub others
{
	return <<'SQL';
CREATE SCHEMA twin_other;
GRANT USAGE ON SCHEMA twin_other TO PUBLIC;
CREATE FUNCTION twin_other.time_bucket(w interval, ts timestamptz) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN '2000-01-01 00:00:00+00'::timestamptz + extract(second FROM ts) * w; END $$;
CREATE AGGREGATE twin_other.first(float8, bigint) (sfunc = twin_other_first, stype = float8);
CREATE AGGREGATE twin_other.mean(float8) (sfunc = float8pl, stype = float8, initcond = '1');
CREATE AGGREGATE twin_other.count(int4) (sfunc = int4_sum, stype = bigint);
CREATE AGGREGATE twin_other.sum(float8) (sfunc = float8larger, stype = float8);
CREATE FUNCTION twin_other.more(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1 > $2';
CREATE OPERATOR twin_other.< (function = twin_other.more, leftarg = float8, rightarg = float8);
CREATE FUNCTION twin_other.unlike(a text, b text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN a <> b; END $$;
CREATE OPERATOR twin_other.= (function = twin_other.unlike, leftarg = text, rightarg = text);
CREATE FUNCTION twin_other.add(a float8, b float8) RETURNS float8 LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'float8mi';
CREATE OPERATOR twin_other.+ (function = twin_other.add, leftarg = float8, rightarg = float8);
CREATE FUNCTION twin_other.lower(a text) RETURNS text LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'upper';
CREATE FUNCTION twin_other.date_trunc(a text, b timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $2';
SQL
}

sub routines
{
	my $first = "CREATE FUNCTION twin_other_first(state float8, v float8, at bigint) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS \$\$ BEGIN RETURN coalesce(state, 0) + coalesce(v, 0) + at % 2; END \$\$;\n";

	return functions() . aggregates() . $first . others();
}

# A number of a row of t.
sub function_number
{
	return pick('twin_stable(i4)', 'twin_volatile(i4)', 'twin_lax(i4)', 'twin_lax(i2)', 'twin_strict(i4, i2)', 'twin_null(i4)', 'twin_same(u)', 'twin_same(v)',
		'twin_restricted(u)', 'twin_unsafe(u)', 'twin_setting()', 'twin_looked_up()', '(u OPERATOR(twin_other.+) v)', 'coalesce(twin_setting(), i2)', 'twin_strict(i2, twin_setting())');
}

sub function_condition
{
	return pick('twin_same(u) > 20', 'twin_lax(i4) < 0', 'twin_strict(i4, i2) > 0', 'twin_null(i4) IS NULL', 'twin_stable(i2) = 4', 'twin_volatile(i2) = 4', 'twin_restricted(u) > 60',
		'twin_unsafe(u) > 60', 'u > twin_setting()', 'i2 = twin_setting()', 'twin_setting() IS NULL', 'id > twin_looked_up() * 20', 'u OPERATOR(twin_other.<) 30', "host OPERATOR(twin_other.=) 'host_2'",
		"twin_other.lower(host) = 'HOST_2'", 'twin_same(b)', "twin_same(host) = 'host_1'", 'twin_even(twin_lax(i4))', 'NOT twin_odd(i4)');
}

# Answers of all of these do not depend on the order of rows.
sub user_aggregate
{
	my ($case) = @_;
	my $float = sub { pick('u', 'v', 'r', 'u + v', 'i4', 'twin_same(u)') };
	my $int = sub { pick('i4', 'i2', 'i4 - 1', 'twin_null(i4)', 'id::int') };
	my $call = pick(
		(map { "$_(" . $float->() . ')' } qw(sum_or_zero sum_or_zero sum_from_1000 sum_or_zero_parallel max_or_zero plain_sum avg_from)),
		'count_from_100(*)', 'count_from_100(*)', 'count_from_7(' . pick('v', 's', 'id', 'b', 'late', 'host') . ')',
		(map { "$_(" . $int->() . ')' } qw(sum_int_from_5 max_or_zero plain_max avg_int_from null_counter null_counter add_strict list_total list_total list_combined)),
		(map { "$_(" . pick('i8', 'id', 'i4') . ')' } qw(min_or_zero poly_sum)), 'add_combined(' . pick('id', 'i4') . ')',
		'text_or_m(' . pick('s', 'x', 'host', 'region') . ')', (map { "$_(" . pick('b', 'u > 0', 'v > 10') . ')' } qw(all_or_false any_or_true)),
		(map { "$_(" . pick('s', 'host', 'region', 'x') . ')' } qw(text_length md5_length)),
		'md5(list_of(i4 ORDER BY id)::text)', "md5(md5_text(s ORDER BY id))", 'cardinality(list_of(u))', 'sum_or_zero(DISTINCT i2)', 'list_total(DISTINCT i2)');

	$call =~ s/\blate\b/id/ unless $case->{late};
	$call = 'latest_or(ts)' if $case->{type} eq 'timestamptz' && chance(0.05);
	return foreign_call($case) if chance(0.1);
	return $call;
}

# What only bears the name.
sub foreign_call
{
	my ($case) = @_;
	my @calls = ('twin_other.first(u, id)', 'twin_other.mean(u)', 'twin_other.count(i4)', 'twin_other.sum(u)', 'max(u OPERATOR(twin_other.+) 1)', 'min(twin_other.lower(host))',
		'sum((u OPERATOR(twin_other.<) 5)::int)');

	push @calls, "max(twin_other.time_bucket('1 hour', ts))", "count(DISTINCT twin_other.time_bucket('1 hour', ts))", "max(twin_other.date_trunc('hour', ts))" if $case->{type} eq 'timestamptz';
	return pick(@calls);
}

1;
