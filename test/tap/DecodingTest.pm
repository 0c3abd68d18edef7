#
# DecodingTest.pm: random changes, and what a decoder makes of them.
#
#   seed(N)                    the changes that follow from N
#   create_table(NODE, NAME, AM, IDENTITY)
#                              a table; IDENTITY is a key of %identities
#   transaction(KEY)           a random transaction as two lists of statements,
#                              with @T for the table; KEY: it has a primary key
#   run_twins(NODE, TRANSACTION, LABEL)
#                              for table r and then for table h, with flushes
#                              of r between, and within
#   compare(LABEL, LINES)      tests: what was decoded for both is the same
#
# Rows change in the order of storage, so lines are compared as a set for each
# statement: before each the transaction sends a message with its number.
#
package DecodingTest;

use strict;
use warnings;

use Exporter 'import';
use Test::More;

use RustsTest;

our @EXPORT = qw(seed chance pick between create_table transaction run_twins compare %identities);

# What is said of a table @T to give it an identity.
our %identities = (
	'default with key' => 'ALTER TABLE @T ADD PRIMARY KEY (id)',
	'default without key' => '',
	'full' => 'ALTER TABLE @T REPLICA IDENTITY FULL',
	'full with key' => 'ALTER TABLE @T ADD PRIMARY KEY (id); ALTER TABLE @T REPLICA IDENTITY FULL',
	'index' => 'CREATE UNIQUE INDEX @T_i ON @T (host, id); ALTER TABLE @T REPLICA IDENTITY USING INDEX @T_i',
	'nothing' => 'ALTER TABLE @T ADD PRIMARY KEY (id); ALTER TABLE @T REPLICA IDENTITY NOTHING');

my $next_id;
my $step;

sub seed
{
	my ($seed) = @_;
	srand($seed);
	$next_id = 1;
	$step = 0;
}

sub between
{
	my ($from, $to) = @_;
	return $from + int(rand($to - $from + 1));
}

sub chance
{
	my ($percent) = @_;
	return rand(100) < $percent;
}

sub pick { return $_[ int(rand(@_)) ] }

sub create_table
{
	my ($node, $name, $am, $identity, $database) = @_;
	my $more = $identities{$identity};
	my $options = $am eq 'rusts' ? q{WITH (rusts.tags = 'host')} : '';

	$more =~ s/\@T/$name/g;
	$node->safe_psql($database || 'postgres', <<SQL);
CREATE OR REPLACE FUNCTION wide(n int) RETURNS text LANGUAGE sql IMMUTABLE
	AS \$\$ SELECT string_agg(md5((n + g)::text), '') FROM generate_series(1, 300) g \$\$;
DROP TABLE IF EXISTS $name;
CREATE TABLE $name (time timestamptz NOT NULL, id int NOT NULL, host text NOT NULL,
	v float8, d numeric, gone int, list int[], note text) USING $am $options;
$more;
SQL
}

# ---------- statements ----------

sub note_value
{
	my ($id) = @_;
	return pick('NULL', "'short'", "'n' || $id % 5", "wide($id)", 'wide(' . between(1, 1000) . ')');
}

# A row's values, and those of many rows whose ids are g.
sub insert_rows
{
	my $count = chance(80) ? between(1, 4) : between(20, 60);
	my $from = $next_id;

	$next_id += $count;
	my $note = note_value('g');
	return "INSERT INTO \@T (time, id, host, v, d, list, note) "
	  . "SELECT '2026-01-01'::timestamptz + g * interval '7 minutes', g, 'host_' || g % 5, "
	  . "CASE WHEN g % 7 <> 0 THEN g / 8.0 END, g / 3.0::numeric, ARRAY[g, NULL, 2], $note "
	  . "FROM generate_series($from, $next_id - 1) g";
}

# Some rows, old ones and new ones.
sub some
{
	my $last = $next_id - 1;
	return 'id = ' . between(1, $last) if chance(50);
	return 'id BETWEEN ' . ($last - between(0, 8)) . " AND $last" if chance(30);
	return 'id % 17 = ' . between(0, 16);
}

sub update_rows
{
	my $where = some();
	return "UPDATE \@T SET v = v + 1, d = d / 7 WHERE $where" if chance(30);
	return "UPDATE \@T SET v = v WHERE $where" if chance(15);
	return 'UPDATE @T SET note = ' . note_value('id') . " WHERE $where" if chance(40);
	return "UPDATE \@T SET host = 'host_' || (id + 1) % 6 WHERE $where" if chance(40);
	return "UPDATE \@T SET list = list || id, time = time + interval '1 day' WHERE $where" if chance(40);
	my ($old, $new) = (between(1, $next_id - 1), $next_id++);
	return "UPDATE \@T SET id = $new WHERE id = $old";
}

sub change
{
	my ($key) = @_;
	return insert_rows() if $next_id == 1 || chance(35);
	return update_rows() if chance(55);
	return 'DELETE FROM @T WHERE ' . some() if chance(55);
	return 'SELECT count(*) FROM (SELECT FROM @T WHERE ' . some() . ' FOR UPDATE) x' if chance(20);
	return 'TRUNCATE @T' if chance(7);
	my $id = between(1, $next_id - 1);
	return "INSERT INTO \@T (time, id, host, v) VALUES ('2026-02-01', $id, 'host_' || $id % 5, 3) "
	  . 'ON CONFLICT (id) DO ' . pick('NOTHING', 'UPDATE SET v = excluded.v + @T.v') if $key;
	return "MERGE INTO \@T USING generate_series($id, $id + 5) g ON id = g "
	  . 'WHEN MATCHED AND g % 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET v = g';
}

sub message
{
	return "SELECT pg_logical_emit_message(true, '\@T', '" . ++$step . "')";
}

sub transaction
{
	my ($key) = @_;
	my @statements = ('BEGIN');
	my @open;

	foreach my $n (1 .. between(1, 8))
	{
		if (chance(25))
		{
			push @open, "s$n";
			push @statements, "SAVEPOINT s$n";
		}
		push @statements, message(), change($key);
		push @statements, 'FLUSH' if chance(10);
		push @statements, pick('ROLLBACK TO ', 'RELEASE ') . pop @open if @open && chance(40);
	}
	my $half = int(@statements / 2);
	my @second = splice @statements, $half;
	my $gid = "\@T_$step";
	push @second, chance(85) ? 'COMMIT' : 'ROLLBACK' if chance(75);
	push @second, "PREPARE TRANSACTION '$gid'", 'SELECT 1',
	  pick('COMMIT', 'COMMIT', 'ROLLBACK') . " PREPARED '$gid'"
	  unless $second[-1] =~ /^(?:COMMIT|ROLLBACK)$/;
	return [ \@statements, \@second ];
}

# ---------- running ----------

sub script
{
	my ($name, $list) = @_;
	my $flush = $name eq 'r' ? "SELECT rusts.flush('r')" : 'SELECT 1';
	my $text = join '', map { "$_;\n" } @$list;

	$text =~ s/\bFLUSH\b/$flush/g;
	$text =~ s/\@T/$name/g;
	return $text;
}

my %clients;

sub run_twins
{
	my ($node, $transaction, $label) = @_;
	my ($first, $second) = @$transaction;
	# by another session, unless it would have to wait for this one
	my $flush = !(grep { /TRUNCATE|FLUSH/ } @$first) && chance(30);

	$clients{ $node->name } ||= session($node);
	my $client = $clients{ $node->name };
	foreach my $name ('r', 'h')
	{
		$client->run(script($name, $first)) or die "$label: $client->{error}";
		$node->safe_psql('postgres', "SELECT rusts.flush('r')")
		  if $name eq 'r' && $flush;
		$client->run(script($name, $second)) or die "$label: $client->{error}";
	}
}

# ---------- comparing ----------

# Lines of each table, with its name taken out, sorted within each statement.
# A prepared transaction that has been rolled back by the time it is decoded may
# break off anywhere, of a heap's changes too: only its end is compared.
sub split_streams
{
	my (@lines) = @_;
	my %stream = (r => [], h => []);
	my @transaction;
	my %undone = map { /^ROLLBACK PREPARED '(\w+)'/ ? ($1 => 1) : () } @lines;

	foreach my $line (@lines)
	{
		push @transaction, $line;
		next unless $line =~ /^(?:COMMIT|PREPARE|ROLLBACK)/;
		if (!grep { !/^(?:BEGIN|COMMIT)$/ } @transaction)
		{
			@transaction = ();	# of a flush, or DDL
			next;
		}
		my ($name) = map { /(?:public\.|prefix: |')([rh])\b|'([rh])_\d/ ? $1 || $2 : () } @transaction;
		die "whose transaction is this? @transaction" unless $name;
		@transaction = $line if $line =~ /^PREPARE TRANSACTION '(\w+)'/ && $undone{$1};
		foreach (@transaction)
		{
			s/^(table public\.)$name:/$1T:/;
			s/^(message: .* prefix: )$name,/$1T,/;
			s/'${name}_(\d+)'/'T_$1'/;
		}
		push @{ $stream{$name} }, sort_steps(@transaction);
		@transaction = ();
	}
	return @stream{qw(r h)};
}

sub sort_steps
{
	my (@lines) = @_;
	my (@sorted, @set);

	foreach my $line (@lines)
	{
		if ($line =~ /^table/)
		{
			push @set, $line;
			next;
		}
		push @sorted, sort(@set), $line;
		@set = ();
	}
	return (@sorted, sort @set);
}

# A long value that did not change is left out of a hot row's update, and sent
# with that of a segment row: it must be the value that the row had.
my $unchanged = qr/ note\[text\]:unchanged-toast-datum$/;

sub compare
{
	my ($label, @lines) = @_;
	my ($rusts, $heap) = split_streams(@lines);
	my (%note, $differ, $checked, $wrong);

	is(scalar @$rusts, scalar @$heap, "$label: as many changes");
	foreach my $n (0 .. $#$heap)
	{
		my ($got, $expected) = ($rusts->[$n] // '', $heap->[$n]);
		my ($id) = $expected =~ /.*\bid\[integer\]:(\d+)/;
		my ($value) = $expected =~ /.* note\[text\]:('\w*'|null)$/;

		$note{$id} = $value if defined $value;
		if ($expected =~ $unchanged && $got !~ $unchanged
			&& $got =~ s/(.*) note\[text\]:('\w*')$/$1 note[text]:unchanged-toast-datum/)
		{
			my $sent = $2;
			next unless $note{$id};
			$checked++;
			$wrong //= "id $id: $sent" if $sent ne $note{$id};
		}
		next if $got eq $expected;
		$differ = "got $got\nexpected $expected";
		last;
	}
	is($differ, undef, "$label: the same changes");
	is($wrong, undef, "$label: unchanged long values are right");
	note "$label: " . @$heap . ' lines, ' . ($checked // 0) . ' long values of segment rows';
	return scalar @$heap;
}

1;
