#!/usr/bin/perl
#
# circles.pl [FOLDER...]: files of a folder that include each other in a
# circle.  A source and its header are one file here.
#
# A file in a circle cannot be understood, tested or moved without all the
# others of it.  Folders that have been freed of circles are listed below; add
# one when it is, and look at any with arguments:
#
#   perl test/lint/circles.pl agg segment
#
use strict;
use warnings;

my @free = qw(agg compat jobs option segment simd timefn vector);

my $failed = 0;

foreach my $folder (@ARGV ? @ARGV : @free)
{
	die "src/$folder: no such folder\n" unless -d "src/$folder";
	check_folder($folder);
}
exit($failed ? 1 : 0);

sub check_folder
{
	my ($folder) = @_;
	my %edges    = includes($folder);
	my %from     = map { $_ => reachable($_, \%edges) } keys %edges;
	my %seen;

	foreach my $file (sort keys %edges)
	{
		next if $seen{$file} || !$from{$file}{$file};
		my @circle =
		  grep { $from{$file}{$_} && $from{$_} && $from{$_}{$file} }
		  sort keys %edges;
		$seen{$_} = 1 foreach @circle;
		report("src/$folder: a circle of @circle");
		foreach my $one (@circle)
		{
			report("    $edges{$one}{$_} includes $_.h")
			  foreach grep { $edges{$one}{$_} } @circle;
		}
	}
}

# Which base name includes which, and where first.
sub includes
{
	my ($folder) = @_;
	my %edges;

	foreach my $file (sort glob("src/$folder/*.[ch]"))
	{
		my ($base) = $file =~ m{([^/]+)\.[ch]$};
		open my $in, '<', $file or die "$file: $!\n";
		while (<$in>)
		{
			next unless m{^\s*#\s*include\s*"(?:\Q$folder\E/)?(\w+)\.h"};
			next if $1 eq $base || !-e "src/$folder/$1.h";
			$edges{$base}{$1} ||= "$file:$.";
		}
		close $in;
	}
	return %edges;
}

sub reachable
{
	my ($start, $edges) = @_;
	my @todo = keys %{ $edges->{$start} };
	my %found;

	while (defined(my $file = shift @todo))
	{
		next if $found{$file}++;
		push @todo, keys %{ $edges->{$file} || {} };
	}
	return \%found;
}

sub report
{
	print "$_[0]\n";
	$failed = 1;
}
