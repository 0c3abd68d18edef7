# QueryTables.pm: the tables that the query twin asks.
#
# One time series table "t" of 20-odd columns, the same logical rows in every
# state; beside it "p", a parent partitioned by time over the same rows,
# "hosts", a small dimension, the view "tv", and what the roles of Roles.pm may
# see.  Rows come from twin_heap.source, made by SQL from a
# seeded random().
#
# Every float is a multiple of 1/8 and small, so that sums and averages are
# exact in any order; NaN, infinities and -0 have a column of their own (w).
# (host, ts) is unique, id is unique.
package QueryTables;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Roles qw(grant_script);

our @EXPORT_OK = qw(make_case source_script load_script describe @STATES);

# hot: nothing flushed; segments: everything; pieces: everything, in several
# flushes; mixed: all but the last piece; bulk: commands write segments.
our @STATES = qw(hot segments pieces mixed bulk);

# The steps between two points of a series, and what it takes to say so.
my %TIME = (
	timestamptz => { step => "interval '10 seconds'", base => "timestamptz 'DAY 00:00:00+00'" },
	timestamp => { step => "interval '10 seconds'", base => "timestamp 'DAY'" },
	date => { step => 1, base => "date '2001-01-01'" },
	bigint => { step => 10000000000, base => 1704067200000000000 });

sub make_case
{
	my $type = pick(('timestamptz') x 5, 'timestamp', 'date', 'bigint');
	my $rows = pick(pick(0, 1, 5), 200, 1500, (3000) x 3, (6000) x 4, 9000, 20000);
	my $case = {
		type => $type, rows => $rows, %{ $TIME{$type} },
		# on the last two, clocks in Berlin change at 01:00 UTC
		day => pick('2024-01-01', '2024-01-01', '2024-03-31', '2024-10-27'),
		hosts => pick(1, 3, 8, 8, 20, 100), pieces => 2 + rint(3),
		jitter => $type eq 'date' ? 0 : pick(0, 0, 1),
		gaps => pick(0, 0, 0.05, 0.5), order => pick('id', 'id', 'host, id', 'random()'),
		nulls => pick(0, 0.05, 0.3, 1), big => chance(0.25), edges => pick(0, 0.02, 0.3),
		dropped => chance(0.4), late => chance(0.6), junk => chance(0.5), index => chance(0.3),
		analyze => chance(0.7), bulk_rows => pick(50, 700) };

	$case->{base} =~ s/DAY/$case->{day}/;
	$case->{steps} = int($rows / $case->{hosts}) + 1;
	$case->{options} = options($case);
	return $case;
}

sub options
{
	my ($case) = @_;
	my %options = ('rusts.time' => 'ts', 'rusts.flush_age' => '0');

	$options{'rusts.tags'} = pick('host', 'host', 'host,region', 'region,host', 'host,i2,m') if chance(0.8);
	$options{'rusts.segment_rows'} = pick(1024, 2048, 5000) if chance(0.6);
	$options{'rusts.hot_compression'} = pick('none', 'zstd') if chance(0.3);
	$options{'rusts.partition_interval'} = {
		bigint => pick('3600000000000', '86400000000000'), date => '365 days' }->{ $case->{type} }
	  // pick('1 hour', '7 days')
	  if chance(0.5) || $case->{type} =~ /date|bigint/;
	return join ', ', map { "$_ = '$options{$_}'" } sort keys %options;
}

sub describe
{
	my ($case) = @_;
	return "$case->{rows} rows, $case->{hosts} hosts, ts $case->{type}, $case->{pieces} pieces, $case->{options}";
}

# A value that is now and then NULL.
sub or_null
{
	my ($case, $sql) = @_;
	return $case->{nulls} ? "CASE WHEN random() >= $case->{nulls} THEN $sql END" : $sql;
}

sub eighths
{
	my ($range) = @_;
	return "(floor(random() * $range * 16) - $range * 8) / 8";
}

sub columns
{
	my ($case) = @_;
	my $point = "$case->{base} + (g / $case->{hosts})" . ($case->{type} eq 'bigint' ? '::bigint' : '') . " * $case->{step}";
	my $jitter = $case->{type} eq 'bigint' ? 'floor(random() * 9e9)::bigint' : "floor(random() * 9e6) * interval '1 microsecond'";
	my $edge = sub { "CASE WHEN random() < $case->{edges} THEN (ARRAY[$_[0]]::float8[])[1 + floor(random() * $_[1])] ELSE $_[2] END" };
	my @words = map { "'$_'" } '', 'a', 'aa', 'Zebra', '%', '_', 'it\'\'s', 'ab cd', 'NULL';

	return (
		[ id => 'bigint NOT NULL', 'g::bigint' ],
		[ ts => "$case->{type} NOT NULL", $case->{jitter} ? "$point + $jitter" : $point ],
		[ host => 'text', "'host_' || g % $case->{hosts}" ],
		[ region => 'text', "(ARRAY['eu', 'us', NULL])[1 + g % $case->{hosts} % 3]" ],
		[ u => 'float8', eighths(100) ],
		[ v => 'float8', or_null($case, eighths(50)) ],
		[ w => 'float8', $edge->("'NaN', 'Infinity', '-Infinity', '-0', 0", 5, eighths(10)) ],
		[ r => 'float4', or_null($case, '(floor(random() * 80) - 40) / 4') ],
		[ i2 => 'int2', 'floor(random() * 5)' ],
		[ i4 => 'int4', or_null($case, 'floor(random() * 200 - 100)') ],
		[ i8 => 'int8', $case->{big} ? 'floor((random() - 0.5) * 1.8e19)' : '(g / 7 - 300)' ],
		[ n => 'numeric(10,2)', or_null($case, 'floor(random() * 20000 - 10000) / 100') ],
		[ b => 'boolean', or_null($case, 'random() < 0.3') ],
		[ d => 'date', "date '2024-01-01' + (g / 500)" ],
		[ t2 => 'timestamp', or_null($case, "timestamp '2024-01-01' + floor(random() * 1e5) * interval '1 second'") ],
		[ s => 'text', or_null($case, '(ARRAY[' . join(', ', @words) . '])[1 + floor(random() * ' . @words . ')]') ],
		[ x => 'varchar(40)', q{md5((random() * 1000)::int::text)} ],
		[ bc => 'char(6)', q{(ARRAY['a', 'a ', 'bb', 'ccc   ', ''])[1 + floor(random() * 5)]} ],
		[ g => 'uuid', q{md5((random() * 100)::int::text)::uuid} ],
		[ j => 'jsonb', or_null($case, q{jsonb_build_object('k', floor(random() * 5), 'h', g % 3)}) ],
		[ ar => 'int[]', or_null($case, 'ARRAY[g % 4, (random() * 3)::int]') ],
		[ ip => 'inet', q{('10.0.' || g % 7 || '.' || (random() * 20)::int)::inet} ],
		[ y => 'bytea', q{decode(md5((g % 9)::text), 'hex')} ],
		[ big => 'text', q{CASE WHEN random() < 0.03 THEN (SELECT string_agg(md5((g * 100 + k)::text), '') FROM generate_series(1, 80) k) END} ],
		[ iv => 'interval', q{floor(random() * 100) * interval '1 minute'} ],
		[ m => 'twin_mood', or_null($case, q{(ARRAY['sad', 'ok', 'happy'])[1 + floor(random() * 3)]::twin_mood}) ]);
}

sub names
{
	my ($case) = @_;
	return join ', ', map { $_->[0] } columns($case);
}

# The rows, once for all states.
sub source_script
{
	my ($case, $seed) = @_;
	my $list = join ",\n", map { "$_->[2] AS $_->[0]" } columns($case);

	return <<"SQL";
SET max_parallel_workers_per_gather = 0;
SELECT setseed($seed) \\g /dev/null
CREATE TABLE twin_heap.raw AS SELECT $list, random() AS fate FROM generate_series(0, $case->{rows} - 1) g;
CREATE TABLE twin_heap.source AS SELECT *, (row_number() OVER (ORDER BY id) - 1) * $case->{pieces} / greatest(count(*) OVER (), 1) AS piece
	FROM twin_heap.raw WHERE fate >= $case->{gaps};
ANALYZE twin_heap.source;
SQL
}

# Create and load everything in the search path's first schema.
sub load_script
{
	my ($case, $state) = @_;
	my $using = $state eq 'heap' ? 'USING heap' : "USING rusts WITH ($case->{options})";
	my $names = names($case);
	my $values = $state eq 'bulk' && $case->{junk} ? changed($names) : $names;
	my $script = "SET timezone = 'UTC';\n";
	my $flush = $state eq 'heap' || $state eq 'hot' ? '' : "SELECT rusts.flush('t') \\g /dev/null\n";

	$script .= "SET rusts.bulk_rows = $case->{bulk_rows}; SET rusts.bulk_memory = '1MB';\n" if $state eq 'bulk';
	$script .= 'CREATE TABLE t (' . ($case->{dropped} ? 'gone text, ' : '')
	  . join(', ', map { "$_->[0] $_->[1]" } columns($case)) . ") $using;\n";
	foreach my $n (0 .. $case->{pieces} - 1)
	{
		my $last = $n == $case->{pieces} - 1;

		$script .= junk_script($case, $n) if $case->{junk} && $state ne 'bulk';
		$script .= "SELECT setseed(0.5) \\g /dev/null\nINSERT INTO t ($names" . ($case->{late} && $n ? ', late' : '') . ") SELECT $values"
		  . ($case->{late} && $n ? ', nullif(id % 50, 7)' : '') . " FROM twin_heap.source WHERE piece = $n ORDER BY $case->{order};\n";
		$script .= "UPDATE t SET v = v + 1, s = upper(s) WHERE id % 11 = 3 AND id IN (SELECT id FROM twin_heap.source WHERE piece = $n);\n"
		  if $case->{junk} && $state ne 'bulk';
		$script .= $flush if $state eq 'pieces' || $state eq 'mixed' && !$last || $state eq 'segments' && $last
		  || $n == 0 && ($state eq 'segments' || $state eq 'bulk');
		$script .= "ALTER TABLE t ADD COLUMN late int DEFAULT 42;\n" if $case->{late} && $n == 0;
		$script .= "ALTER TABLE t DROP COLUMN gone;\n" if $case->{dropped} && $n == 0;
	}
	$script .= "CREATE INDEX t_host_ts ON t (host, ts); CREATE INDEX t_id ON t (id);\n" if $case->{index};
	return $script . parent_script($case, $using, $flush) . beside_script($case) . ($case->{analyze} ? "ANALYZE t; ANALYZE p; ANALYZE hosts;\n" : '');
}

# What the UPDATE does to hot rows, for rows that are never hot.
sub changed
{
	my ($names) = @_;

	$names =~ s/\bv\b/CASE WHEN id % 11 = 3 THEN v + 1 ELSE v END/;
	$names =~ s/\bs\b/CASE WHEN id % 11 = 3 THEN upper(s) ELSE s END/;
	return $names;
}

# Rows that come and go before anything is flushed.
sub junk_script
{
	my ($case, $n) = @_;
	return "INSERT INTO t (id, ts, host, u) SELECT -1 - g, $case->{base}, 'junk', g FROM generate_series(1, 50 + $n) g;\nDELETE FROM t WHERE id < 0;\n";
}

# A third of the time in each partition, the last one never flushed.
sub parent_script
{
	my ($case, $using, $flush) = @_;
	my $cut = sub { "($case->{base} + " . int($case->{steps} * $_[0] / 3) . " * $case->{step})::$case->{type}" };
	my $script = "CREATE TABLE p (id bigint NOT NULL, ts $case->{type} NOT NULL, host text, u float8, v float8, i4 int) PARTITION BY RANGE (ts);\n";
	my @bounds;

	$using =~ s/rusts.tags = '[^']*'/rusts.tags = 'host'/;
	@bounds = ('MINVALUE', $cut->(1), $cut->(2), 'MAXVALUE');

	@bounds = ('MINVALUE', 'MAXVALUE') if $case->{steps} < 6;
	foreach my $n (1 .. $#bounds)
	{
		$script .= "CREATE TABLE p$n PARTITION OF p FOR VALUES FROM ($bounds[ $n - 1 ]) TO ($bounds[$n]) $using;\n";
	}
	$script .= "INSERT INTO p SELECT id, ts, host, u, v, i4 FROM t;\n";
	$script .= $flush =~ s/'t'/'p$_'/r foreach 1 .. $#bounds - 1;
	return $script;
}

sub beside_script
{
	my ($case) = @_;
	return <<"SQL" . grant_script();
CREATE TABLE hosts USING heap AS SELECT 'host_' || g AS host, (ARRAY['a', 'b', 'c'])[1 + g % 3] AS dc, g % 4 AS rack, g * 0.25::float8 AS weight FROM generate_series(0, $case->{hosts} + 1) g;
CREATE VIEW tv AS SELECT host, ts, u, v, i4, id, u + coalesce(v, 0) AS uv FROM t WHERE i2 <> 1;
SQL
}

1;
