# Debian's wal2json makes the same of a rusts table's changes as of a heap's,
# in both of its formats.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use Test::More;

use DecodingTest;
use RustsTest;

my $library = `pg_config --pkglibdir`;
chomp $library;
plan skip_all => 'wal2json is not installed' unless -e "$library/wal2json.so";

my $seed = $ENV{SEED} || 1;
my $rounds = $ENV{ROUNDS} || 12;
my $node = new_node('main', allows_streaming => 'logical');

$node->append_conf('postgresql.conf', "autovacuum = off\nTimeZone = 'UTC'\nlock_timeout = 60s");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION rusts');

# Recent minor releases want plugins to be named that are not their own.
if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'"))
{
	$node->append_conf('postgresql.conf', "output_plugin_libraries = 'wal2json'");
	$node->restart;
}
my $json = JSON::PP->new->canonical;

sub decoded
{
	my ($version) = @_;
	my $lines = $node->safe_psql('postgres',
		"SELECT data FROM pg_logical_slot_get_changes('v$version', NULL, NULL, "
		  . "'format-version', '$version', 'include-transaction', 'false')");
	return map { $json->decode($_) } grep { /\S/ } split /\n/, $lines;
}

# Changes of one transaction (version 1) or one line each (version 2).
sub changes
{
	my ($version, @lines) = @_;
	return @lines if $version == 2;
	return map { @{ $_->{change} } } @lines;
}

# Values by name.  Version 1 gives names and values in lists of their own.
sub row_of
{
	my ($version, $change) = @_;
	my %row;

	if ($version == 2)
	{
		%row = map { $_->{name} => $_->{value} } @{ $change->{columns} || [] };
	}
	elsif ($change->{columnnames})
	{
		@row{ @{ $change->{columnnames} } } = @{ $change->{columnvalues} };
	}
	return \%row;
}

# Of a step (the changes since the last message) the texts, sorted.
sub steps
{
	my ($version, $name, @changes) = @_;
	my (@steps, @set);
	my $current = '';

	foreach my $change (@changes)
	{
		if (($change->{kind} // $change->{action}) =~ /^(?:message|M)$/)
		{
			push @steps, sort { $a->{text} cmp $b->{text} } @set if $current eq $name;
			@set = ();
			$current = $change->{prefix};
			push @steps, { text => "step $change->{content}" } if $current eq $name;
			next;
		}
		next if ($change->{table} // '') ne $name;
		my $row = row_of($version, $change);
		my $note = delete $row->{note};
		my $identity = $change->{identity} || $change->{oldkeys};
		push @set, { note => $note, known => defined $note,
			text => $json->encode([ $change->{kind} // $change->{action}, $row, $identity ]) };
	}
	push @steps, sort { $a->{text} cmp $b->{text} } @set if $current eq $name;
	return @steps;
}

# A long value that did not change may be missing in a heap's change only.
sub same_changes
{
	my ($label, $version) = @_;
	my @changes = changes($version, decoded($version));
	my @rusts = steps($version, 'r', @changes);
	my @heap = steps($version, 'h', @changes);
	my $differ;

	is(scalar @rusts, scalar @heap, "$label, version $version: as many");
	foreach my $n (0 .. $#heap)
	{
		my ($got, $expected) = ($rusts[$n], $heap[$n]);
		next if $got->{text} eq $expected->{text}
			&& (!$expected->{known} || $got->{note} eq $expected->{note});
		$differ = "got $got->{text}\nexpected $expected->{text}";
		last;
	}
	is($differ, undef, "$label, version $version: the same");
	cmp_ok(scalar @heap, '>', $rounds, "$label, version $version: and not few");
}

diag "seed $seed, $rounds rounds";
seed($seed);
foreach my $identity ('default with key', 'full', 'index')
{
	my $key = $identity =~ /key/;
	create_table($node, 'r', 'rusts', $identity);
	create_table($node, 'h', 'heap', $identity);
	$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('v$_', 'wal2json')")
	  foreach 1, 2;
	foreach (1 .. $rounds)
	{
		run_twins($node, transaction($key), $identity);
		$node->safe_psql('postgres', "SELECT rusts.flush('r')") if chance(30);
	}
	same_changes($identity, $_) foreach 1, 2;
	$node->safe_psql('postgres', "SELECT rusts.flush('r')");
	is(scalar(changes(2, decoded(2))), 0, "$identity: a flush is nothing");
	$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('v$_')") foreach 1, 2;
}

done_testing();
