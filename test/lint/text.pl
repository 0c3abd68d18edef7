#!/usr/bin/perl
#
# text.pl: what can be seen in the text of the sources.
#
use strict;
use warnings;

my $failed = 0;
my %seen;

my @sources = (glob('src/*.[ch]'), glob('src/*/*.[ch]'));
my @other_c = (
	glob('test/*/*.[ch]'), glob('bench/*.[ch]'), glob('bench/*/*.[ch]'));

foreach my $file (@sources)
{
	my ($base) = $file =~ m{([^/]+)$};
	report("$file: $seen{$base} has the same base name") if $seen{$base};
	$seen{$base} = $file;
}
foreach my $file (@sources, @other_c)
{
	check_file($file);
}
exit($failed ? 1 : 0);

sub check_file
{
	my ($file) = @_;
	my ($base) = $file =~ m{([^/]+)$};
	my $text = read_file($file);
	my $n = 0;

	report("$file: a file starts with a comment that names it")
	  unless $text =~ m{\A/\*\n \* \Q$base\E\n};
	report("$file: no new line at the end") unless $text =~ /\n\z/;
	foreach my $line (split /\n/, $text)
	{
		$n++;
		check_line("$file:$n", $file, $line);
	}
}

sub check_line
{
	my ($where, $file, $line) = @_;

	report("$where: not ASCII") if $line =~ /[^\x00-\x7f]/;
	report("$where: space at the end of the line") if $line =~ /\s$/;
	report("$where: carriage return") if $line =~ /\r/;
	report("$where: indented with spaces") if $line =~ /^ {4}/;
	report("$where: a note to oneself: finish it, or say why it stays")
	  if $line =~ /\b(?:TODO|FIXME|XXX|HACK)\b/;
	report("$where: version tests belong in src/compat/")
	  if $line =~ /PG_VERSION_NUM/ && $file !~ m{^src/compat/};
	report("$where: comments are /* */")
	  if $line =~ m{^\s*//} || $line =~ m{;\s*//};
	report("$where: -march=native is for the machine it was built on")
	  if $line =~ /march=native/;
}

sub read_file
{
	my ($file) = @_;
	local $/;
	open my $in, '<', $file or die "$file: $!\n";
	my $text = <$in>;
	close $in;
	return $text;
}

sub report
{
	print "$_[0]\n";
	$failed = 1;
}
