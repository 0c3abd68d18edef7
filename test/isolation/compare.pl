#!/usr/bin/perl
#
# compare.pl RUSTS HEAP: did the steps of a spec give on rusts what they give
# on heap?
#
# Both files are outputs of isolationtester.  Who waited for whom is left out,
# since a flush or a compaction makes sessions wait that a heap does not.  Steps
# that call what only rusts has read differently in both and are left out too.
#
use strict;
use warnings;

my @rusts = read_permutations($ARGV[0]);
my @heap  = read_permutations($ARGV[1]);
my $failed = 0;

report('the permutations', scalar @heap, scalar @rusts) if @rusts != @heap;
foreach my $n (0 .. ($#rusts < $#heap ? $#rusts : $#heap))
{
	compare_permutation($rusts[$n], $heap[$n]);
}
exit($failed ? 1 : 0);

# Each is its title and, by the step's name, what was executed and what it gave.
sub read_permutations
{
	my ($file) = @_;
	my (@permutations, $step);

	open my $in, '<', $file or die "$file: $!\n";
	while (my $line = <$in>)
	{
		if ($line =~ /^starting permutation: (.*)/)
		{
			push @permutations, { title => $1, steps => {} };
			$step = undef;
		}
		elsif ($line =~ /^step (\w+): <\.\.\. completed>/)
		{
			$step = $permutations[-1]{steps}{$1}[-1];
		}
		elsif ($line =~ /^step (\w+): (.*)/)
		{
			my ($name, $sql) = ($1, $2);
			$sql =~ s/ <waiting \.\.\.>$//;
			$step = { sql => $sql, output => '' };
			push @{ $permutations[-1]{steps}{$name} }, $step;
		}
		elsif ($step && $line =~ /\S/)
		{
			$line =~ s/ <waiting \.\.\.>$//;
			$step->{output} .= $line;
		}
	}
	close $in;
	return @permutations;
}

sub compare_permutation
{
	my ($rusts, $heap) = @_;

	foreach my $name (sort keys %{ $heap->{steps} })
	{
		my @theirs = @{ $heap->{steps}{$name} };
		my @ours   = @{ $rusts->{steps}{$name} || [] };

		foreach my $n (0 .. $#theirs)
		{
			my $our = $ours[$n] || { sql => '', output => '' };
			next if $our->{sql} ne $theirs[$n]{sql};
			report("$rusts->{title}\n  $name: $our->{sql}",
				$theirs[$n]{output}, $our->{output})
			  if $our->{output} ne $theirs[$n]{output};
		}
	}
}

sub report
{
	my ($what, $heap, $rusts) = @_;

	print "$what\n  on heap:\n$heap\n  on rusts:\n$rusts\n";
	$failed = 1;
}
