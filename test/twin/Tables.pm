# Tables.pm: random tables for the heap twin.
#
# A table is a hash:
#   columns  in attribute order; each has name, type (see Types.pm) and the
#            pool its values come from
#   pieces   rows in the order they are loaded: a file of COPY text each, and
#            the way to load it
#   late     a column that is added between two pieces, so that older rows
#            have no value for it
# Every table has "id" (unique), "ts" and "tag" beside the random columns.
package Tables;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint big_value);

our @EXPORT_OK = qw(make_table create_sql load_sql quote sql_value);

my @ROW_COUNTS = (0, 1, 2, 7, 60, 300, 300, 1023, 1024, 1025, 1500, 2049, 4500);

my %TIME_TYPES = (
	timestamptz => \&time_point,
	timestamp => \&time_point,
	date => sub { substr(time_point(@_), 0, 10) },
	bigint => sub { 1704067200000000000 + 10000000000 * $_[0] + rint($_[1]) });

# The i-th point of a series of one point every 10 s, now and then elsewhere.
sub time_point
{
	my ($i, $jitter) = @_;
	my $second = $i * 10 + rint($jitter);

	return sprintf '2024-01-%02d %02d:%02d:%02d', 1 + int($second / 86400) % 28,
	  int($second / 3600) % 24, int($second / 60) % 60, $second % 60;
}

# A column of $rows values in one of a few shapes that encodings care about.
sub make_column
{
	my ($name, $type, $rows) = @_;
	my $column = { name => $name, type => $type };
	my $shape = pick('constant', 'few', 'few', 'runs', 'random', 'random', 'random', 'steps');
	my $distinct = { constant => 1, few => 1 + rint(6), runs => 10 }->{$shape} // $rows + 5;
	my @pool = map { $type->{generate}->() } 1 .. $distinct;
	my $nulls = pick(0, 0, 0.03, 0.4, 0.97, 1);

	$nulls = 0 if $type->{o} && chance(0.2);
	@pool = map { "$_" } step_values($type->{sql}, $rows) if $shape eq 'steps' && $type->{s};
	$column->{pool} = \@pool;
	$column->{values} = [ map { chance($nulls) ? undef : $pool[ position($shape, $_, scalar @pool) ] } 1 .. $rows ];
	if ($type->{b} && $rows > 2 && chance(0.4))
	{
		$column->{values}[ rint($rows) ] = big_value($type->{sql}) for 1 .. 1 + rint(2);
	}
	return $column;
}

sub position
{
	my ($shape, $i, $size) = @_;

	return $i % $size if $shape eq 'steps';
	return int($i / 37) % $size if $shape eq 'runs';
	return rint($size);
}

# Numbers at constant distance, or a walk: what delta encodings are for.
sub step_values
{
	my ($sql, $rows) = @_;
	my $value = rint(100);
	my $step = rint(7) - 3;
	my $walk = chance(0.5);

	return map { 1 + rint(99) } 0 .. $rows if $sql eq 'twin_positive';
	return map { $value += $walk ? rint(21) - 10 : $step; $value } 0 .. $rows;
}

sub time_column
{
	my ($rows) = @_;
	my $sql = pick('timestamptz', 'timestamptz', 'timestamptz', 'timestamp', 'date', 'bigint');
	my $jitter = pick(1, 1, 10, 5000);
	my $start = rint(5000);
	my $order = pick('up', 'up', 'down', 'shuffled');
	my @index = $order eq 'down' ? reverse(1 .. $rows) : (1 .. $rows);
	my %flags = (o => 1, m => 1, s => 0, f => 0, t => 0, b => 0, gin => 0, gist => 0);
	my @values;

	@index = sort { $a->[1] <=> $b->[1] } map { [ $_, rand ] } @index if $order eq 'shuffled';
	@values = map { $TIME_TYPES{$sql}->((ref $_ ? $_->[0] : $_) + $start, $jitter) } @index;
	if ($sql ne 'bigint' && $rows > 10 && chance(0.4))
	{
		$values[ rint($rows) ] = pick('infinity', '-infinity', '1969-12-31', '1815-06-18',
			'2262-04-12', '9999-12-31', '0044-03-15 BC') for 1 .. 8;
	}
	return { name => 'ts', type => { sql => $sql, %flags }, not_null => 1,
		pool => [@values[ 0 .. ($rows > 20 ? 20 : $rows) - 1 ]], values => \@values };
}

sub tag_column
{
	my ($rows) = @_;
	my $count = pick(1, 3, 10, 100);
	my $nulls = pick(0, 0, 0.1);
	my %flags = (o => 1, m => 1, s => 0, f => 0, t => 1, b => 0, gin => 0, gist => 0);

	return { name => 'tag', type => { sql => 'text', %flags },
		pool => [ map { "host_$_" } 0 .. $count - 1 ],
		values => [ map { chance($nulls) ? undef : 'host_' . rint($count) } 1 .. $rows ] };
}

sub shuffle
{
	return map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [ rand, $_ ] } @_;
}

sub copy_text
{
	my ($value) = @_;

	return '\\N' unless defined $value;
	$value =~ s/\\/\\\\/g;
	$value =~ s/\t/\\t/g;
	$value =~ s/\n/\\n/g;
	return $value;
}

sub quote
{
	my ($value) = @_;

	return 'NULL' unless defined $value;
	$value =~ s/'/''/g;
	return "'$value'" unless $value =~ /\\/;
	$value =~ s/\\/\\\\/g;
	return "E'$value'";
}

# A literal of the column's type.
sub sql_value
{
	my ($column, $value) = @_;
	return quote($value) . '::' . $column->{type}{sql};
}

# Rows [from, to) as COPY text in a file.
sub write_piece
{
	my ($table, $file, $from, $to) = @_;

	open my $out, '>', $file or die "$file: $!\n";
	for my $i ($from .. $to - 1)
	{
		print $out join("\t", map { copy_text($_->{values}[$i]) } @{ $table->{columns} }), "\n";
	}
	close $out;
}

sub cut_pieces
{
	my ($table, $prefix) = @_;
	my $rows = $table->{rows};
	my $count = $rows < 4 ? 1 : 2 + rint(3);
	my $from = 0;

	for my $n (1 .. $count)
	{
		my $to = $n == $count ? $rows : $from + rint($rows - $from);
		my $file = "$prefix-$n.copy";

		write_piece($table, $file, $from, $to);
		push @{ $table->{pieces} },
		  { file => $file, from => $from, to => $to, way => pick('copy', 'copy', 'insert', 'select') };
		$from = $to;
	}
}

# A bigint is a time column only when named; dates have whole partitions.
sub add_time_options
{
	my ($table) = @_;
	my ($ts) = grep { $_->{name} eq 'ts' } @{ $table->{columns} };
	my $sql = $ts->{type}{sql};
	my $interval = { bigint => '60000000000', date => '7 days' }->{$sql} // pick('1 hour', '7 days');

	$table->{options}{'rusts.time'} = 'ts' if $sql eq 'bigint' && chance(0.8);
	$table->{options}{'rusts.partition_interval'} = $interval
	  if chance(0.3) && ($sql ne 'bigint' || $table->{options}{'rusts.time'});
}

my %ENCODINGS = (
	(map { $_ => [qw(for delta delta-of-delta rle varint planes raw)] }
		qw(boolean smallint integer bigint date time timestamp timestamptz)),
	(map { $_ => [qw(gorilla alp alp-delta alp-planes float-raw)] } 'real', 'double precision'),
	map { $_ => [qw(dictionary plain)] } qw(text bytea numeric jsonb inet uuid interval name));

# Tags of any type that sorts, and encodings that the data may not like.
sub add_column_options
{
	my ($table) = @_;
	my @columns = @{ $table->{columns} };
	my @tags = grep { $_->{type}{o} && $_->{name} =~ /^(?:c\d+|tag)$/ } @columns;
	my @encodings;

	$table->{options}{'rusts.tags'} = 'tag' if chance(0.4);
	$table->{options}{'rusts.tags'} = join ',', map { $_->{name} } (shuffle(@tags))[ 0 .. rint(2) ]
	  if @tags > 2 && chance(0.3);
	foreach my $column (grep { $ENCODINGS{ $_->{type}{sql} } && chance(0.7) } @columns)
	{
		push @encodings, "$column->{name}=" . pick(@{ $ENCODINGS{ $column->{type}{sql} } });
	}
	$table->{options}{'rusts.encoding'} = join ',', @encodings if @encodings && chance(0.5);
}

sub make_table
{
	my ($types, $prefix) = @_;
	my $rows = pick(@ROW_COUNTS);
	my $n = 0;
	my $table = { rows => $rows, pieces => [] };

	$table->{columns} = [ shuffle(
		{ name => 'id', not_null => 1, pool => [ map { $rows ? rint($rows) : 0 } 1 .. 5 ], values => [ 0 .. $rows - 1 ],
			type => { sql => 'integer', o => 1, m => 1, s => 1, f => 0, t => 0, b => 0, gin => 0, gist => 0 } },
		time_column($rows), tag_column($rows),
		map { make_column('c' . ++$n, $_, $rows) } @$types) ];
	$table->{dropped} = chance(0.3);
	$table->{late} = pick('', '', "late integer DEFAULT 42", "late text DEFAULT 'added'",
		'late float8', 'late timestamptz DEFAULT now() - now() + timestamptz \'2024-05-05\'');
	$table->{options} = {
		chance(0.3) ? ('rusts.segment_rows' => pick(1024, 2048)) : (),
		chance(0.5) ? ('rusts.hot_compression' => pick('none', 'lz4', 'zstd', 'zstd:9')) : () };
	add_time_options($table);
	add_column_options($table);
	cut_pieces($table, $prefix);
	return $table;
}

# CREATE TABLE; $using is '' for the heap, else the clause for ours.
sub create_sql
{
	my ($table, $using) = @_;
	my @columns = map { $_->{name} . ' ' . $_->{type}{sql} . ($_->{not_null} ? ' NOT NULL' : '') }
	  @{ $table->{columns} };
	my @sql;

	splice @columns, 1, 0, 'gone text' if $table->{dropped};
	push @sql, 'CREATE TABLE t (' . join(', ', @columns) . ") $using";
	push @sql, 'ALTER TABLE t DROP COLUMN gone' if $table->{dropped};
	return @sql;
}

sub column_list
{
	my ($table) = @_;
	return join ', ', map { $_->{name} } @{ $table->{columns} };
}

# Rows of a piece as VALUES lists of at most 100 rows.
sub values_sql
{
	my ($table, $piece) = @_;
	my @sql;
	my $from = $piece->{from};

	while ($from < $piece->{to})
	{
		my $to = $from + 100 < $piece->{to} ? $from + 100 : $piece->{to};
		my @rows = map {
			my $i = $_;
			'(' . join(', ', map { quote($_->{values}[$i]) } @{ $table->{columns} }) . ')'
		} $from .. $to - 1;
		push @sql, 'INSERT INTO t (' . column_list($table) . ') VALUES ' . join(', ', @rows);
		$from = $to;
	}
	return @sql;
}

# Statements that load the n-th piece.
sub load_sql
{
	my ($table, $n) = @_;
	my $piece = $table->{pieces}[$n];
	my $list = column_list($table);

	return values_sql($table, $piece) if $piece->{way} eq 'insert' && $piece->{to} - $piece->{from} <= 400;
	return "\\copy t ($list) FROM '$piece->{file}'" unless $piece->{way} eq 'select';
	return ("CREATE TEMP TABLE stage AS SELECT $list FROM t LIMIT 0",
		"\\copy stage FROM '$piece->{file}'",
		"INSERT INTO t ($list) SELECT * FROM stage", 'DROP TABLE stage');
}

1;
