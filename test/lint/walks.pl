#!/usr/bin/perl
#
# walks.pl: the walks of docs/architecture.md lead somewhere.
#
# A step names a file and, behind it, functions that are defined there:
# `src/write/bulk.c`, `bulk_offer`.
#
use strict;
use warnings;

my $document = 'docs/architecture.md';
my $failed = 0;
my ($file, $text, $steps) = ('', '', 0);

open my $in, '<', $document or die "$document: $!\n";
my $walks = do { local $/; <$in> };
close $in;
$walks =~ s/.*?^## Walks [^\n]*\n(.*?)^## .*/$1/ms
  or die "$document: no walks\n";

while ($walks =~ /`(src\/[\w\/]+\.c)`|`([a-z]\w*_\w+)`/g)
{
	if (defined $1)
	{
		$file = $1;
		$text = read_file($file);
		$steps++;
	}
	elsif ($text !~ /^\Q$2\E\(/m)
	{
		report("$file has no $2");
	}
}
report('too few steps') if $steps < 20;
exit $failed;

sub read_file
{
	my ($name) = @_;

	open my $source, '<', $name or do { report("$name: $!"); return ''; };
	local $/;
	return <$source>;
}

sub report
{
	print "$document: $_[0]\n";
	$failed = 1;
}
