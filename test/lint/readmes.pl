#!/usr/bin/perl
#
# readmes.pl: each folder's README.md names its files; prose is short lines.
#
# A folder of src/ has a README.md with the base name of every source and
# header in backticks, `slot` or `slot.c`, and stands in the list of layers of
# src/README.md.  Prose of every tracked *.md is at most 100 columns wide, so
# that a diff shows the sentence that changed: not tables, code (fenced, or
# indented by four outside of a list) and lines that cannot be broken.
#
use strict;
use warnings;

use constant WIDTH => 100;

my $failed = 0;

my $layers = read_file('src/README.md');
# objects of a folder that has moved may be left over
foreach my $folder (grep { my @sources = glob "$_/*.[ch]"; @sources }
	map { s{/$}{}r } glob 'src/*/')
{
	my ($name) = $folder =~ m{([^/]+)$};
	report("src/README.md: the list of layers lacks $name")
	  unless $layers =~ /^ {4}\Q$name\E\s+->/m;
	check_names($folder);
}
foreach my $file (documents())
{
	check_width($file);
}
exit($failed ? 1 : 0);

sub check_names
{
	my ($folder) = @_;
	my $readme = "$folder/README.md";

	return report("$folder/ has no README.md") unless -e $readme;
	my $text  = read_file($readme);
	my %bases = map { m{([^/]+)\.[ch]$} => 1 } glob("$folder/*.[ch]");
	foreach my $base (sort keys %bases)
	{
		report("$readme: does not name `$base`")
		  unless $text =~ /`\Q$base\E(?:\.[ch])?`/;
	}
}

# A copy without its history has only the documents that git would list.
sub documents
{
	my @tracked = `git ls-files '*.md' 2>/dev/null`;
	@tracked = `find . -name '*.md' -not -path './.*' | sed 's,^\\./,,'`
	  unless @tracked;
	chomp @tracked;
	return grep { -e } @tracked;
}

sub check_width
{
	my ($file) = @_;
	my ($fenced, $list, $n) = (0, 0, 0);

	foreach my $line (split /\n/, read_file($file))
	{
		$n++;
		if ($line =~ /^\s*```/)
		{
			$fenced = !$fenced;
			next;
		}
		next if $fenced || $line =~ /^\s*$/ || $line =~ /^\s*\|/;
		$list = 1 if $line =~ /^ {0,3}(?:[-*+]|\d+\.) /;
		$list = 0 if $line =~ /^(?![-*+] |\d+\. )\S/;
		next if $line =~ /^(?: {4}|\t)/ && !$list;
		next if $line !~ /^\s*(?:(?:[-*+]|\d+\.) )?\S+\s+\S/;
		report("$file:$n: " . length($line) . " columns, " . WIDTH . " allowed")
		  if length $line > WIDTH;
	}
}

sub read_file
{
	my ($file) = @_;
	local $/;
	open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
	my $text = <$in>;
	close $in;
	return $text;
}

sub report
{
	print "$_[0]\n";
	$failed = 1;
}
