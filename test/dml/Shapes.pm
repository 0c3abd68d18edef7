# Shapes.pm: the tables of a round.
#
# The table that is fought for is always "t" with the same columns, so that the
# same statements go to every shape; what is around it differs:
#
#   keys         a primary key, a second unique constraint of several kinds
#   family       t is referenced by c; either or both are rusts tables
#   triggers     before and after rows and statements; they write to audit
#   bare         no index; ids are never used twice
#   partitioned  by ranges of id, so that a row moves when its id changes
#
# A shape is a hash:
#
#   {ddl}        statements; ":am" is USING and the options of the side
#   {load}       statements that fill the tables
#   {compare}    tables whose rows have to be the same in the end
#   {flushed}    those that are rusts tables, on that side
#   {fresh}      ids are not unique by constraint: never use one twice
#   {unique_u}   '', or what u is unique by: constraint, deferred, exclusion
#   {child}      there is a table c that references t
#   {ordered}    statements may lock several rows of t, in the order of id
#   {moves}      statements may change an id that others wait for
#
package Shapes;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT_OK = qw(make_shape row_values using helpers $ROWS);

use Types qw(pick chance rint);

our $ROWS = 24;    # ids at the start are at most this

my @shapes = (\&keys_shape, \&family_shape, \&triggers_shape, \&bare_shape, \&partitioned_shape);

# One after the other, so that few rounds have all of them.
sub make_shape
{
	my ($round) = @_;
	my $shape = {
		long => chance(0.3) ? 0.2 : 0,    # values that are stored out of line
		unique_u => '',
		moves => chance(0.5),
		options => make_options(),
	};

	$shape->{ordered} = !$shape->{moves};
	$shapes[ ($round - 1) % @shapes ]->($shape);
	unshift @{ $shape->{ddl} }, 'CREATE TABLE src (id int PRIMARY KEY, d int NOT NULL) :am';
	$shape->{load} = [
		'INSERT INTO src SELECT i, i % 7 FROM generate_series(1, 16) i',
		load_rows($shape), @{ $shape->{load} // [] }
	];
	push @{ $shape->{flushed} }, 'src';
	$shape->{compare} //= ['t'];
	return $shape;
}

sub make_options
{
	my @options;

	push @options, q{rusts.time = 'at'} if chance(0.4);
	push @options, q{rusts.tags = 'g'} if chance(0.4);
	push @options, q{rusts.partition_interval = '6 hours'} if chance(0.4);
	push @options, 'rusts.segment_rows = 1024' if chance(0.3);
	push @options, q{rusts.hot_compression = 'none'} if chance(0.2);
	return join ', ', @options;
}

# What ":am" stands for.  Other tables than t have none of t's columns.
sub using
{
	my ($shape, $am, $statement) = @_;

	return 'USING heap' if $am eq 'heap';
	return 'USING rusts' if $shape->{options} eq '' || $statement !~ /^CREATE TABLE t\w* /;
	return "USING rusts WITH ($shape->{options})";
}

sub helpers
{
	return <<'SQL';
CREATE FUNCTION dml_long(int) RETURNS text LANGUAGE sql IMMUTABLE AS
	'SELECT string_agg(md5(($1 * 1000 + i)::text), '''') FROM generate_series(1, 100) i'
SQL
}

# ---------- rows ----------

# The values of a row of t, as they are written in VALUES.
sub row_values
{
	my ($shape, $id) = @_;
	my $note = chance($shape->{long}) ? "dml_long($id)" : pick('NULL', "'n$id'", "'note'", q{''});
	my $u = chance(0.15) ? 'NULL' : 1 + rint(120);

	return sprintf q{(%s, %s, %d, '%s', %s, timestamptz '2024-01-01 00:00+00' + interval '%d min')},
	  $id, $u, rint(100), pick('a' .. 'e'), $note, rint(1 + 60 * $ROWS);
}

sub load_rows
{
	my ($shape) = @_;
	my @rows;

	foreach my $id (grep { chance(0.8) } 1 .. $ROWS)
	{
		# each u once, whatever is unique
		push @rows, row_values($shape, $id) =~ s/, \w+/', ' . (chance(0.1) ? 'NULL' : 2 * $id)/er;
	}
	return 'INSERT INTO t VALUES ' . join ', ', @rows;
}

sub table_t
{
	my ($id, $u, $rest) = @_;

	return "CREATE TABLE t (id int $id, u int $u, v int NOT NULL DEFAULT 0, g text, note text, "
	  . q{at timestamptz NOT NULL DEFAULT '2024-01-01 12:00+00'} . ($rest // '') . ')';
}

# An index that makes an update of v or g an update of an index as well.
sub more_indexes
{
	return grep { chance(0.3) } 'CREATE INDEX ON t (g, v)', 'CREATE INDEX ON t ((v % 10))',
	  'CREATE INDEX ON t (at)', q{CREATE INDEX ON t (id) WHERE g <> 'a'};
}

# ---------- shapes ----------

sub keys_shape
{
	my ($shape) = @_;
	my ($kind, $u, $rest) = @{ pick([ 'constraint', 'UNIQUE', '' ], [ 'constraint', 'UNIQUE', '' ],
			[ 'deferred', 'UNIQUE DEFERRABLE INITIALLY DEFERRED', '' ],
			[ 'exclusion', '', ', EXCLUDE (u WITH =)' ]) };

	@$shape{qw(name unique_u)} = ("keys ($kind)", $kind);
	$shape->{ddl} = [ table_t('PRIMARY KEY', $u, $rest) . ' :am', more_indexes() ];
	$shape->{flushed} = ['t'];
}

# Each row of t has at most one child, so that what happens to children has no
# order.  What happens to several parents at once has one: the plan's.
sub family_shape
{
	my ($shape) = @_;
	my $actions = pick('', 'ON DELETE CASCADE', 'ON DELETE CASCADE ON UPDATE CASCADE',
		'ON DELETE SET NULL', 'ON DELETE RESTRICT', 'ON UPDATE CASCADE');
	my $when = pick('', '', 'DEFERRABLE INITIALLY DEFERRED');
	my ($of_t, $of_c) = @{ pick([ ':am', ':am' ], [ ':am', ':am' ],
			[ ':am', 'USING heap' ], [ 'USING heap', ':am' ]) };
	my @children = grep { chance(0.4) } 1 .. $ROWS;

	@$shape{qw(child ordered)} = (1, 0);
	$shape->{name} = "family, $of_t, $of_c, $actions $when" =~ s/:am/USING rusts/gr;
	$shape->{ddl} = [
		table_t('PRIMARY KEY', '') . " $of_t",
		'CREATE TABLE c (cid int PRIMARY KEY, '
		  . "pid int UNIQUE REFERENCES t $actions $when, w int) $of_c"
	];
	$shape->{load} = [ 'INSERT INTO c SELECT id + 100, id, 0 FROM t WHERE id IN ('
		  . join(', ', 0, @children) . ')' ];
	$shape->{flushed} = [ ($of_t eq ':am' ? 't' : ()), ($of_c eq ':am' ? 'c' : ()) ];
	$shape->{compare} = [ 't', 'c' ];
}

sub triggers_shape
{
	my ($shape) = @_;

	@$shape{qw(name unique_u)} = ('triggers', 'constraint');
	$shape->{ddl} = [
		table_t('PRIMARY KEY', 'UNIQUE') . ' :am',
		'CREATE TABLE audit (what text, id int, old_v int, new_v int) :am',
		(grep { chance(0.6) } before_rows(), after_rows(), deferred_rows(), statements()),
		more_indexes()
	];
	$shape->{flushed} = [ 't', 'audit' ];
	$shape->{compare} = [ 't', 'audit' ];
}

# It changes some rows and leaves others alone.
sub before_rows
{
	return <<'SQL';
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
	IF TG_OP = ''DELETE'' THEN
		RETURN CASE WHEN OLD.v % 11 <> 0 THEN OLD END;
	END IF;
	IF TG_OP = ''UPDATE'' AND NEW.v % 13 = 0 THEN
		RETURN NULL;
	END IF;
	NEW.v := NEW.v + NEW.v % 2;
	RETURN NEW;
END';
CREATE TRIGGER before_row BEFORE INSERT OR UPDATE OR DELETE ON t
	FOR EACH ROW EXECUTE FUNCTION before_row()
SQL
}

sub after_rows
{
	return <<'SQL';
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
	INSERT INTO audit VALUES (TG_OP, coalesce(NEW.id, OLD.id), OLD.v, NEW.v);
	RETURN NULL;
END';
CREATE TRIGGER after_row AFTER INSERT OR UPDATE OR DELETE ON t
	FOR EACH ROW EXECUTE FUNCTION after_row()
SQL
}

# It looks at the rows of the statement when the transaction commits.
sub deferred_rows
{
	return <<'SQL';
CREATE FUNCTION deferred_row() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
	INSERT INTO audit VALUES (''deferred '' || TG_OP, coalesce(NEW.id, OLD.id), OLD.v,
		(SELECT x.v FROM t x WHERE x.id = NEW.id));
	RETURN NULL;
END';
CREATE CONSTRAINT TRIGGER deferred_row AFTER INSERT OR UPDATE OR DELETE ON t
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deferred_row()
SQL
}

sub statements
{
	my $sql = <<'SQL';
CREATE FUNCTION after_insert() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
	INSERT INTO audit SELECT ''rows inserted'', count(*), NULL, sum(n.v) FROM new_rows n;
	RETURN NULL;
END';
CREATE FUNCTION after_update() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
	INSERT INTO audit SELECT ''rows updated'', count(*), sum(o.v),
		(SELECT sum(n.v) FROM new_rows n) FROM old_rows o;
	RETURN NULL;
END';
CREATE FUNCTION after_delete() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
	INSERT INTO audit SELECT ''rows deleted'', count(*), sum(o.v), NULL FROM old_rows o;
	RETURN NULL;
END';
CREATE TRIGGER after_insert AFTER INSERT ON t REFERENCING NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION after_insert();
CREATE TRIGGER after_update AFTER UPDATE ON t
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION after_update();
CREATE TRIGGER after_delete AFTER DELETE ON t REFERENCING OLD TABLE AS old_rows
	FOR EACH STATEMENT EXECUTE FUNCTION after_delete()
SQL
	return $sql;
}

sub bare_shape
{
	my ($shape) = @_;

	@$shape{qw(name fresh)} = ('bare', 1);
	$shape->{ddl} = [ table_t('NOT NULL', '') . ' :am' ];
	$shape->{flushed} = ['t'];
}

sub partitioned_shape
{
	my ($shape) = @_;
	my @bounds = ('MINVALUE', 4, 7, 10, 20);
	my @parts = ([ 't_rest', 'DEFAULT' ],
		map { [ "t_$_", "FOR VALUES FROM ($bounds[$_ - 1]) TO ($bounds[$_])" ] } 1 .. $#bounds);
	my (@tables, @ours);

	foreach my $part (@parts)
	{
		my $am = chance(0.8) ? ':am' : 'USING heap';
		push @tables, "CREATE TABLE $part->[0] PARTITION OF t $part->[1] $am";
		push @ours, $part->[0] if $am eq ':am';
	}
	@$shape{qw(name moves ordered)} = ('partitioned', 1, 0);
	$shape->{ddl} = [
		table_t('PRIMARY KEY', '') . ' PARTITION BY RANGE (id)', @tables,
		'CREATE INDEX ON t (u)', more_indexes()
	];
	$shape->{flushed} = \@ours;
	$shape->{compare} = [ 't', map { $_->[0] } @parts ];
}

1;
