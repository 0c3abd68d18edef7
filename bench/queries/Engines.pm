#
# Engines.pm: the engines as pipes, and the queries in each one's words.
#
#   my $e = Engines->open(name => 'rusts2', keep => DIR, ...);
#   $e->time($sql) -> (milliseconds, rows); $e->dump($file, $sql) -> rows
#   Engines::known(); Engines::queries($file); $e->words($query)
#
# An engine's name is a product and, when there are more than one, its number
# of workers or threads: rusts (no worker), rusts2 (two workers and the
# leader), duckdb (one thread), duckdb2.
#
package Engines;

use strict;
use warnings;

use IPC::Open2;
use List::Util 'max';

my @METRICS = map { "usage_$_" }
  qw(user system idle nice iowait irq softirq steal guest guest_nice);
my $DAY = '2024-01-01';

sub known
{
	return qw(rusts rusts2 heap heap2 duckdb duckdb2 chdb chdb2);
}

sub open
{
	my ($class, %option) = @_;
	my $self = bless {%option}, $class;
	my ($out, $in);

	($self->{product}, $self->{threads}) = $option{name} =~ /^([a-z]+)(\d*)$/
	  or die "not an engine: $option{name}\n";
	$self->{postgres} = $self->{product} =~ /^(?:rusts|heap)$/;
	$self->{threads} ||= $self->{postgres} ? 0 : 1;
	$self->{pid} = open2($out, $in, $self->command);
	$in->autoflush(1);
	@$self{qw(in out)} = ($in, $out);
	$self->prepare;
	return $self;
}

sub command
{
	my ($self) = @_;

	return ("$self->{keep}/client", $self->{conninfo}) if $self->{postgres};
	return ('node', $self->{script}, $self->{product}, $self->{npm},
		"$self->{keep}/$self->{product}.db", $self->{threads});
}

sub prepare
{
	my ($self) = @_;

	return unless $self->{postgres};
	$self->ask("S SET max_parallel_workers_per_gather = $self->{threads}");
	$self->ask('S SET rusts.place_workers = on') if $self->{threads};
	$self->ask("S $_") foreach @{ $self->{settings} || [] };
}

# A line there, a line back.
sub ask
{
	my ($self, $line) = @_;

	$self->say($line);
	return $self->answer($line);
}

sub say
{
	my ($self, $line) = @_;

	local $SIG{PIPE} = 'IGNORE';
	print { $self->{in} } "$line\n";
}

sub answer
{
	my ($self, $line) = @_;
	my $answer = readline $self->{out};

	die "$self->{name} is gone (running: $line)\n" unless defined $answer;
	chomp $answer;
	die "$self->{name}: $1\n    $line\n" if $answer =~ /^error (.*)/;
	return $answer;
}

sub time
{
	my ($self, $sql) = @_;
	my ($us, $rows) = split ' ', $self->ask("T $sql");

	return ($us / 1000, $rows);
}

# Two at once: until both are done.
sub time_both
{
	my ($self, $other, $sql) = @_;

	$_->say("T $sql") foreach $self, $other;
	return max(map { (split ' ', $_->answer("T $sql"))[0] / 1000 } $self, $other);
}

sub dump
{
	my ($self, $file, $sql) = @_;

	return (split ' ', $self->ask("D $file\t$sql"))[1];
}

sub close
{
	my ($self) = @_;

	CORE::close $self->{in};
	waitpid $self->{pid}, 0;
}

# The statement that this engine runs for a query of the file, or, with
# another KEY ("subset"), the one given for that.
sub words
{
	my ($self, $query, $key) = @_;
	my $sql = $query->{ $key || $self->{product} } // $query->{sql};

	$sql =~ s/\bTABLE\b/$self->{table}/g;
	$sql =~ s/\{(\w+) ?([^}]*)\}/$self->word($1, $2)/ge;
	return $sql;
}

sub word
{
	my ($self, $name, $argument) = @_;

	return $self->bucket($name) if $name eq 'minute' || $name eq 'hour';
	return $self->instant($argument) if $name eq 'at';
	return join ', ', map { "$name($_)" } @METRICS[ 0 .. $argument - 1 ]
	  if $name eq 'max' || $name eq 'avg';
	return "'" . $self->host(249) . "'" if $name eq 'host';
	return join ', ', map { "'" . $self->host($_) . "'" }
	  (3, 88, 147, 302, 447, 618, 777, 951)
	  if $name eq 'hosts';
	die "unknown word {$name}\n";
}

# Smaller data sets have fewer hosts.
sub host
{
	my ($self, $of_1000) = @_;

	return 'host_' . int($of_1000 * $self->{hosts} / 1000);
}

sub bucket
{
	my ($self, $unit) = @_;

	return "time_bucket('1 $unit', time)" if $self->{product} eq 'rusts';
	return 'toStartOf' . ucfirst($unit) . '(time)' if $self->{product} eq 'chdb';
	return "date_trunc('$unit', time)";
}

sub instant
{
	my ($self, $time) = @_;

	return $self->{postgres} ? "'$DAY $time+00'" : "'$DAY $time'";
}

# Read a file of queries: a list of { name, bars, sql, other engines' sql }.
sub queries
{
	my ($file) = @_;
	my (@queries, $query);

	CORE::open my $in, '<', $file or die "$file: $!\n";
	while (my $line = <$in>)
	{
		chomp $line;
		next if $line =~ /^#/;
		if ($line eq '') { undef $query }
		elsif (!$query)
		{
			my ($name, @words) = split ' ', $line;
			push @queries, $query = { name => $name, map { split /=/, $_, 2 } @words };
			$query->{bar}{$_} = delete $query->{$_} foreach qw(duckdb heap);
		}
		elsif ($line =~ /^([a-z]\w*): (.*)/) { $query->{$1} = $2 }
		else { $query->{sql} = $line }
	}
	return @queries;
}

1;
