# Statements.pm: what the heap twin asks both tables.
#
# Everything is a list of [label, sql] and is asked of a table "t" that the
# search path finds, so that both twins get the same text.  Results must not
# depend on the order of rows, on which of two equal values is shown (0 and
# -0, 1.0 and 1.00), or on the order of floating point additions: a statement
# returns counts, sums of ids and digests of sorted text.
package Statements;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Tables qw(sql_value quote);

our @EXPORT_OK = qw(reads index_reads $WHOLE helpers has_big);

# Every column of every row, as text.
our $WHOLE = q{SELECT count(*), sum(id), md5(string_agg(md5(t::text), '' ORDER BY id, md5(t::text))) FROM t};

my $SUMMARY = 'count(*), sum(id), min(id), max(id)';

# Functions in public, once a database.
sub helpers
{
	return (<<'SQL', <<'SQL', <<'SQL');
CREATE FUNCTION twin_scroll(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c refcursor;
	r record;
	forward int[] := '{}';
	backward int[] := '{}';
	n int;
BEGIN
	OPEN c SCROLL FOR EXECUTE query;
	LOOP
		FETCH NEXT FROM c INTO r;
		EXIT WHEN NOT FOUND;
		forward := forward || r.id;
	END LOOP;
	LOOP
		FETCH PRIOR FROM c INTO r;
		EXIT WHEN NOT FOUND;
		backward := r.id || backward;
	END LOOP;
	n := coalesce(array_length(forward, 1), 0);
	IF forward <> backward THEN
		RETURN format('forward %s, backward %s', forward, backward);
	END IF;
	FOR i IN 1 .. least(n, 5) LOOP
		FETCH ABSOLUTE 1 + (i * 7919) % n FROM c INTO r;
		IF r.id <> forward[1 + (i * 7919) % n] THEN
			RETURN format('absolute %s is %s', 1 + (i * 7919) % n, r.id);
		END IF;
	END LOOP;
	IF n > 2 THEN
		FETCH FIRST FROM c INTO r;
		FETCH RELATIVE 2 FROM c INTO r;
		FETCH RELATIVE -1 FROM c INTO r;
		IF r.id <> forward[2] THEN
			RETURN format('relative is %s', r.id);
		END IF;
		FETCH LAST FROM c INTO r;
		IF r.id <> forward[n] THEN
			RETURN format('last is %s', r.id);
		END IF;
	END IF;
	CLOSE c;
	RETURN format('%s rows, sum %s', n, (SELECT sum(x) FROM unnest(forward) x));
END $$
SQL
CREATE FUNCTION twin_tids() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r record;
	found_id int;
	n int := 0;
BEGIN
	FOR r IN EXECUTE 'SELECT ctid AS tid, id FROM t ORDER BY id LIMIT 200' LOOP
		EXECUTE 'SELECT id FROM t WHERE ctid = $1' INTO found_id USING r.tid;
		IF found_id IS DISTINCT FROM r.id THEN
			RETURN format('row %s at %s, found %s', r.id, r.tid, found_id);
		END IF;
		n := n + 1;
	END LOOP;
	RETURN n || ' found';
END $$
SQL
CREATE FUNCTION twin_uses(node text, query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%' || node || '%' THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END $$
SQL
}

sub has_big
{
	my ($table) = @_;
	foreach my $column (@{ $table->{columns} })
	{
		return 1 if $column->{type}{b} && grep { defined && length > 100000 } @{ $column->{values} };
	}
	return 0;
}

sub sortable { return grep { $_->{type}{o} } @{ $_[0]{columns} }; }

# A random condition on one column.
sub condition
{
	my ($column) = @_;
	my $name = $column->{name};
	my $value = sub { sql_value($column, pick(@{ $column->{pool} })) };

	return pick("$name IS NULL", "$name IS NOT NULL") if !$column->{type}{o} || chance(0.15);
	return "$name LIKE " . quote(pick('%a%', 'host%', '%_1', '')) if $column->{type}{t} && chance(0.2);
	return "$name = ANY (ARRAY[" . join(', ', map { $value->() } 1 .. 4) . '])' if chance(0.15);
	return "$name BETWEEN " . $value->() . ' AND ' . $value->() if chance(0.2);
	return "$name IS DISTINCT FROM " . $value->() if chance(0.1);
	return "$name " . pick('=', '=', '<', '<=', '>', '>=', '<>') . ' ' . $value->();
}

# Operators of their own for the types that have little order.
my %OPERATORS = (
	'jsonb' => [ q{@> '{}'}, q{? 'k1'}, q{@> '1'} ],
	'integer[]' => [ q{@> '{1}'}, q{&& '{0,1,-1,7}'}, q{<@ '{1,2,3,4}'} ],
	'int4range' => [ q{@> 7}, q{&& '[0,50)'}, q{<< '[400,500)'} ],
	'tstzrange' => [ q{@> timestamptz '2024-01-15'}, q{&& '[2024-01-10,2024-01-12]'} ],
	'point' => [ q{<@ box '(5,5),(-5,-5)'}, q{~= '(0,0)'}, q{<< '(0,0)'} ],
	'box' => [ q{&& '(5,5),(2,2)'}, q{@> '(4,4),(3,3)'} ],
	'tsvector' => [ q{@@ 'cat'}, q{@@ 'dog & !owl'} ],
	'json' => [ q{->>'k1' IS NOT NULL} ],
	'inet' => [ q{<<= '10.0.0.0/8'} ],
	'xid' => [ q{= '3'} ],
	'uuid' => [ q{<> '00000000-0000-0000-0000-000000000000'} ],
	'bytea' => [ q{LIKE '%a%'}, q{= ''} ]);

sub operator_conditions
{
	my ($column) = @_;
	return map { "$column->{name} $_" } @{ $OPERATORS{ $column->{type}{sql} } // [] };
}

sub conditions
{
	my ($table) = @_;
	my @parts = map {
		my $c = condition(pick(@{ $table->{columns} }));
		chance(0.2) ? "NOT ($c)" : $c
	} 1 .. 2 + rint(2);
	return '(' . join(pick(') AND (', ') OR ('), @parts) . ')';
}

sub whole_reads
{
	my ($table) = @_;
	my @columns = @{ $table->{columns} };
	my $all = join ', ', map { $_->{type}{o} ? $_->{name} : "$_->{name}::text" } @columns;

	return (
		[ 'count' => 'SELECT count(*) FROM t' ],
		[ 'whole rows' => $WHOLE ],
		[ 'whole rows, no detoasting' => 'SELECT count(*), sum(id), sum((t IS NULL)::int) FROM t' ],
		[ 'no columns' => 'SELECT count(*) FROM (SELECT FROM t) x' ],
		[ 'system columns' => "SELECT count(*), count(xmin), count(tableoid), count(DISTINCT ctid) FROM t WHERE tableoid = 't'::regclass" ],
		[ 'except' => "SELECT count(*) FROM (SELECT $all FROM twin_heap.source EXCEPT ALL SELECT $all FROM t) x" ],
		[ 'except, the other way' => "SELECT count(*) FROM (SELECT $all FROM t EXCEPT ALL SELECT $all FROM twin_heap.source) x" ],
		[ 'distinct rows' => "SELECT count(*) FROM (SELECT DISTINCT $all FROM t) x" ],
		[ 'union' => "SELECT count(*) FROM (SELECT $all FROM t UNION ALL SELECT $all FROM t) x" ],
		[ 'copy out' => '\\copy (SELECT * FROM t ORDER BY id) TO STDOUT' ],
		[ 'copy table' => "\\copy t TO PROGRAM 'LC_ALL=C sort | md5sum'" ],
		[ 'copy binary' => "\\copy (SELECT * FROM t ORDER BY id) TO PROGRAM 'md5sum' (FORMAT binary)" ]);
}

sub column_reads
{
	my ($column) = @_;
	my ($name, $type) = @$column{qw(name type)};
	my @reads = (
		[ "column $name" => "SELECT count($name), count(DISTINCT md5($name\::text)), md5(string_agg(coalesce($name\::text, '~'), ',' ORDER BY id)) FROM t" ],
		[ "only $name" => "SELECT count($name) FROM t" ],
		[ "null $name" => "SELECT $SUMMARY FROM t WHERE $name IS NULL" ]);

	push @reads, map { [ "filter $_" => "SELECT $SUMMARY FROM t WHERE $_" ] } (map { condition($column) } 1 .. 4), operator_conditions($column);
	push @reads, [ "sum $name" => "SELECT sum($name) FROM t" ] if $type->{s};
	push @reads, [ "avg $name" => "SELECT avg($name) FROM t" ] if $type->{s} && $type->{sql} ne 'numeric';
	push @reads, float_reads($name) if $type->{f};
	push @reads, [ "bool $name" => "SELECT bool_and($name), bool_or($name) FROM t" ] if $type->{sql} eq 'boolean';
	push @reads, sorted_reads($name) if $type->{o};
	push @reads, extreme_reads($name) if $type->{m};
	return @reads;
}

# A float's sum depends on the order: compare with an exact sum, loosely.
sub float_reads
{
	my ($name) = @_;
	my $exact = "sum($name\::numeric)::float8";
	my $bound = "1e-6 * (1 + sum(abs($name\::numeric)))::float8";

	return (
		[ "float special $name" => "SELECT count(*) FILTER (WHERE $name = 'NaN'), count(*) FILTER (WHERE $name = 'Infinity'), count(*) FILTER (WHERE $name = 0), count(*) FILTER (WHERE $name\::text = '-0') FROM t" ],
		[ "float sum $name" => "SELECT abs(sum($name\::float8) - $exact) <= $bound FROM t WHERE abs($name) < 1e6" ],
		[ "float mean $name" => "SELECT abs(avg($name\::float8) - avg($name\::numeric)::float8) <= $bound FROM t WHERE abs($name) < 1e6" ],
		[ "percentile $name" => "SELECT percentile($name, 0.9) + 0 FROM t" ],
		[ "histogram $name" => "SELECT histogram($name, -100, 100, 7) FROM t" ]);
}

sub sorted_reads
{
	my ($name) = @_;
	my $limit = pick(1, 10, 300);
	my $skip = pick(0, 0, 5, 1000);

	return (
		[ "distinct $name" => "SELECT count(DISTINCT $name) FROM t" ],
		[ "group $name" => "SELECT count(*), md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM (SELECT $SUMMARY FROM t GROUP BY $name) x" ],
		[ "order $name" => "SELECT md5(string_agg(id::text, ' ')) FROM (SELECT id FROM t ORDER BY $name, id LIMIT $limit OFFSET $skip) x" ],
		[ "order desc $name" => "SELECT md5(string_agg(id::text, ' ')) FROM (SELECT id FROM t ORDER BY $name DESC NULLS LAST, id DESC LIMIT $limit) x" ],
		[ "self join $name" => "SELECT count(*), sum(a.id), sum(b.id) FROM t a JOIN t b ON a.$name = b.$name WHERE a.id < 40 AND b.id < 400" ],
		[ "semi join $name" => "SELECT $SUMMARY FROM t a WHERE EXISTS (SELECT FROM t b WHERE b.$name = a.$name AND b.id > a.id) AND id < 300" ],
		[ "anti join $name" => "SELECT $SUMMARY FROM t a WHERE $name NOT IN (SELECT $name FROM t b WHERE $name IS NOT NULL AND b.id % 3 = 0)" ],
		[ "window $name" => "SELECT md5(string_agg(md5(coalesce(w::text, '~')), '' ORDER BY id)) FROM (SELECT id, lag($name) OVER (PARTITION BY tag ORDER BY ts, id) AS w FROM t) x" ]);
}

sub extreme_reads
{
	my ($name) = @_;

	return (
		[ "min $name" => "SELECT count(*), sum(id) FROM t WHERE $name = (SELECT min($name) FROM t)" ],
		[ "max $name" => "SELECT count(*), sum(id) FROM t WHERE $name = (SELECT max($name) FROM t)" ],
		[ "max by tag $name" => "SELECT count(*), sum(id) FROM t a WHERE $name = (SELECT max($name) FROM t b WHERE b.tag = a.tag) AND id < 60" ],
		[ "first last $name" => "SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM (SELECT tag, first($name\::text, (ts, id)), last($name\::text, (ts, id)) FROM t GROUP BY tag) x" ]);
}

sub time_reads
{
	my ($table) = @_;
	my ($ts) = grep { $_->{name} eq 'ts' } @{ $table->{columns} };
	my $sql = $ts->{type}{sql};
	my $width = $sql eq 'bigint' ? pick('60000000000', '3600000000000')
	  : quote($sql eq 'date' ? '7 days' : pick('1 minute', '1 hour', '1 day', '1 month')) . '::interval';
	my $from = sql_value($ts, pick(@{ $ts->{pool} }));
	my $to = sql_value($ts, pick(@{ $ts->{pool} }));
	my $digest = q{md5(string_agg(x::text, ' ' ORDER BY x::text))};

	return (
		[ 'time range' => "SELECT $SUMMARY FROM t WHERE ts >= $from AND ts < $to" ],
		[ 'time range and tag' => "SELECT $SUMMARY FROM t WHERE ts > $from AND tag = 'host_1'" ],
		[ 'tags in a range' => "SELECT $digest FROM (SELECT tag, $SUMMARY FROM t WHERE ts <= $to GROUP BY tag) x" ],
		[ 'buckets' => "SELECT $digest FROM (SELECT time_bucket($width, ts) AS b, $SUMMARY FROM t GROUP BY b) x" ],
		[ 'buckets and tags' => "SELECT $digest FROM (SELECT time_bucket($width, ts) AS b, tag, $SUMMARY, min(ts), max(ts) FROM t WHERE ts >= $from GROUP BY b, tag HAVING count(*) > 1) x" ],
		[ 'by tag and time' => "SELECT md5(string_agg(id::text, ' ')) FROM (SELECT id FROM t ORDER BY tag, ts, id) x" ],
		[ 'newest' => "SELECT string_agg(x::text, ' ') FROM (SELECT ts, id FROM t ORDER BY ts DESC, id LIMIT 7) x" ],
		[ 'oldest' => "SELECT string_agg(x::text, ' ') FROM (SELECT ts, id FROM t WHERE ts > $from ORDER BY ts, id LIMIT 7) x" ],
		[ 'newest of each tag' => "SELECT $digest FROM (SELECT DISTINCT ON (tag) tag, ts, id FROM t ORDER BY tag, ts DESC, id) x" ],
		[ 'grouping sets' => "SELECT $digest FROM (SELECT tag, $SUMMARY FROM t GROUP BY GROUPING SETS ((tag), ())) x" ]);
}

sub cursor_reads
{
	my ($table) = @_;
	my $where = conditions($table);

	return (
		[ 'cursor' => q{SELECT twin_scroll('SELECT id FROM t')} ],
		[ 'cursor, filtered' => 'SELECT twin_scroll(' . quote("SELECT id FROM t WHERE $where") . ')' ],
		[ 'cursor, ordered' => q{SELECT twin_scroll('SELECT id FROM t ORDER BY ts, id')} ],
		[ 'cursor with hold' => 'BEGIN' ],
		[ 'declare' => 'DECLARE c CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id' ],
		[ 'fetch' => 'FETCH 5 FROM c' ],
		[ 'commit' => 'COMMIT' ],
		[ 'fetch after commit' => 'FETCH 5 FROM c' ],
		[ 'close' => 'CLOSE c' ]);
}

sub tid_reads
{
	return (
		[ 'tids' => 'SELECT twin_tids()' ],
		[ 'tid array' => 'SELECT count(*), sum(id) FROM t WHERE ctid = ANY (ARRAY(SELECT ctid FROM t))' ],
		[ 'tid join' => 'SELECT count(*), sum(a.id - b.id) FROM t a JOIN t b ON a.ctid = b.ctid' ],
		[ 'tid range, all' => q{SELECT count(*) FROM t WHERE ctid >= '(0,1)'} ],
		[ 'tid range, halves' => 'SELECT (SELECT count(*) FROM t WHERE ctid < m) + (SELECT count(*) FROM t WHERE ctid >= m) FROM (SELECT ctid AS m FROM t WHERE id = (SELECT count(*) / 2 FROM t)) x' ],
		[ 'tid range, both ends' => 'SELECT (SELECT count(*) FROM t WHERE ctid BETWEEN lo AND hi) FROM (SELECT min(ctid) AS lo, max(ctid) AS hi FROM t) x' ],
		[ 'tid, none there' => q{SELECT count(*) FROM t WHERE ctid = '(4294967294,1)' OR ctid = '(0,0)'} ]);
}

sub sample_reads
{
	return (
		[ 'sample all, system' => 'SELECT count(*), sum(id) FROM t TABLESAMPLE system (100)' ],
		[ 'sample all, bernoulli' => 'SELECT count(*), sum(id) FROM t TABLESAMPLE bernoulli (100)' ],
		[ 'sample none' => 'SELECT count(*) FROM t TABLESAMPLE system (0)' ],
		[ 'sample half' => 'SELECT (SELECT count(*) FROM t TABLESAMPLE bernoulli (50)) BETWEEN n * 0.5 - 6 * sqrt(n) * 0.5 AND n * 0.5 + 6 * sqrt(n) * 0.5 FROM (SELECT count(*)::float8 AS n FROM t) x' ],
		[ 'sample unique' => 'SELECT count(*) = count(DISTINCT id) FROM t TABLESAMPLE system (30)' ],
		[ 'sample repeatable' => 'SELECT (SELECT sum(id) FROM t TABLESAMPLE bernoulli (30) REPEATABLE (7)) IS NOT DISTINCT FROM (SELECT sum(id) FROM t TABLESAMPLE bernoulli (30) REPEATABLE (7))' ]);
}

# Statements that read, for one table.
sub reads
{
	my ($table) = @_;
	my @reads = (whole_reads($table), time_reads($table), cursor_reads($table), tid_reads(), sample_reads());

	push @reads, column_reads($_) for @{ $table->{columns} };
	for (1 .. 6)
	{
		my $where = conditions($table);
		push @reads, [ "where $where" => "SELECT $SUMMARY FROM t WHERE $where" ];
	}
	push @reads, [ 'lateral' => 'SELECT count(*), sum(x.id) FROM t a, LATERAL (SELECT id FROM t b WHERE b.tag = a.tag AND b.id > a.id ORDER BY id LIMIT 2) x WHERE a.id < 20' ];
	push @reads, [ 'outer join' => 'SELECT count(*), sum(a.id), sum(b.id) FROM t a FULL JOIN t b ON a.id = b.id + 1' ];
	push @reads, [ 'recursive' => 'WITH RECURSIVE r AS (SELECT id FROM t WHERE id = 0 UNION ALL SELECT t.id FROM r JOIN t ON t.id = r.id + 1 WHERE t.id < 9) SELECT count(*) FROM r' ];
	push @reads, [ 'analyze' => 'ANALYZE t' ];
	push @reads, [ 'estimate is plausible' => q{SELECT abs(reltuples - n) <= 0.1 * n + 10 FROM pg_class, (SELECT count(*) AS n FROM t) x WHERE oid = 't'::regclass} ];
	return @reads;
}

# An index on a random column and the statements that should use it.
sub index_reads
{
	my ($table) = @_;
	my @reads;
	my $n = 0;

	foreach my $column (@{ $table->{columns} })
	{
		my ($name, $type) = @$column{qw(name type)};
		my @kinds = ($type->{o} && !$type->{b} ? 'btree' : (), $type->{gin} ? 'gin' : (), $type->{gist} ? 'gist' : ());

		push @kinds, 'hash' if $type->{o} && chance(0.3) && $type->{sql} !~ /^(?:money|tsvector|bit|bit varying|bit\(11\)|twin_pair)$/;
		foreach my $kind (@kinds)
		{
			my @where = ((map { condition($column) } 1 .. 3), operator_conditions($column));

			$n++;
			push @reads, [ "index $kind $name" => "CREATE INDEX t_i$n ON t USING $kind ($name)" ];
			push @reads, map { [ "by $kind index: $_" => "SELECT $SUMMARY FROM t WHERE $_" ] } @where;
			push @reads, [ "index only $name" => "SELECT count(*), count($name) FROM t WHERE $where[0]" ] if $kind eq 'btree';
			push @reads, [ "in index order $name" => "SELECT md5(string_agg(id::text, ' ')) FROM (SELECT id FROM t ORDER BY $name DESC, id LIMIT 50) x" ] if $kind eq 'btree';
			push @reads, [ "join by index $name" => "SELECT count(*), sum(b.id) FROM t a JOIN t b ON a.$name = b.$name WHERE a.id < 15" ] if $kind eq 'btree';
		}
	}
	push @reads, (
		[ 'unique index' => 'CREATE UNIQUE INDEX t_id ON t (id)' ],
		[ 'by unique index' => "SELECT $SUMMARY FROM t WHERE id = 17" ],
		[ 'many by index' => 'SELECT count(*), sum(t.id) FROM generate_series(0, 300, 7) g JOIN t ON t.id = g' ],
		[ 'partial index' => "CREATE INDEX t_part ON t (ts) WHERE tag = 'host_1'" ],
		[ 'by partial index' => "SELECT $SUMMARY FROM t WHERE tag = 'host_1' AND ts IS NOT NULL" ],
		[ 'expression index' => 'CREATE INDEX t_expr ON t ((id % 10), lower(tag)) INCLUDE (id)' ],
		[ 'by expression index' => "SELECT $SUMMARY FROM t WHERE id % 10 = 3 AND lower(tag) = 'host_0'" ],
		[ 'concurrent index' => 'CREATE INDEX CONCURRENTLY t_conc ON t (tag, ts)' ],
		[ 'by concurrent index' => "SELECT $SUMMARY FROM t WHERE tag = 'host_0' AND ts IS NOT NULL" ],
		[ 'reindex' => 'REINDEX TABLE t' ],
		[ 'reindex concurrently' => 'REINDEX INDEX CONCURRENTLY t_id' ],
		[ 'by reindexed' => "SELECT $SUMMARY FROM t WHERE id BETWEEN 3 AND 400" ]);
	return @reads;
}

1;
