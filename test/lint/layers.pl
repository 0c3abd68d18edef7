#!/usr/bin/perl
#
# layers.pl: which folder of src/ includes which, against src/README.md.
#
# The list there has one line a folder, "name -> other, other"; "C standard
# library" and the like are not folders and are passed over.  A file at the
# top of src/ is a layer of its own ("rusts.c").  Folders whose list says
# "no postgres.h" may include only themselves and system headers.
#
# The server has folders of the same names (storage/): what counts is which
# file there is.  A pair that is not in the list fails, and so does a list that is not a
# partial order: tsort says so.
#
use strict;
use warnings;

my (%allowed, %pure, %folder, %failed);

open my $readme, '<', 'src/README.md' or die "src/README.md: $!\n";
while (<$readme>)
{
	next unless /^\s{4}(\S+)\s+->\s+(.*)/;
	my ($from, $rest) = ($1, $2);
	$pure{$from} = 1 if $rest =~ /no postgres\.h/;
	$rest =~ s/\(.*//;
	foreach my $one (map { s/,$//r } split /,/, $from)
	{
		$allowed{$one}{$_} = 1
		  foreach grep { $_ eq 'everything' || -d "src/$_" }
		  map { s/^\s+|\s.*$//gr } split /,/, $rest;
		$allowed{$one} ||= {};
	}
}
close $readme;

my @files = (glob('src/*.[ch]'), glob('src/*/*.[ch]'));
$folder{ layer_of($_) } = 1 foreach @files;

my %pairs;
foreach my $file (@files)
{
	my $from = layer_of($file);
	open my $in, '<', $file or die "$file: $!\n";
	while (<$in>)
	{
		next unless /^\s*#\s*include\s*(["<])([^">]+)/;
		my ($quote, $name) = ($1, $2);
		if ($quote eq '"' && $name =~ m{^([^/]+)/} && -e "src/$name")
		{
			$pairs{$from}{$1} ||= "$file:$.";
		}
		elsif ($pure{$from} && $quote eq '"' && !-e "src/$from/$name")
		{
			report("$file:$.: $from/ knows no header of the server: $name");
		}
	}
	close $in;
}

foreach my $from (sort keys %pairs)
{
	report("$from is not a layer of src/README.md")
	  unless $allowed{$from};
	foreach my $to (sort keys %{ $pairs{$from} })
	{
		next if $to eq $from;
		print "$from -> $to\n";
		next if $allowed{$from}{everything} || $allowed{$from}{$to};
		report("$pairs{$from}{$to}: $from may not include $to");
	}
}

# "a b" for tsort: a comes before b.  Everything the list allows is sorted,
# not only what is used today, so that a loop cannot be legalised by the list.
my $edges = join '', map {
	my $from = $_;
	map { "$from $_\n" } grep { $_ ne 'everything' } sort keys %{ $allowed{$from} }
} sort keys %allowed;
my $sorted = `printf '%s' '$edges' | tsort 2>&1`;
report("src/README.md is no partial order:\n$sorted") if $? != 0;

exit(%failed ? 1 : 0);

sub layer_of
{
	my ($file) = @_;
	return $file =~ m{^src/([^/]+)/} ? $1 : ($file =~ m{([^/]+)$})[0];
}

sub report
{
	my ($message) = @_;
	print "$message\n" unless $failed{$message}++;
}
