#
# Answers.pm: are two files of rows the same answer?
#
#   Answers::difference($got, $expected, $loose) -> '' or the first difference
#
# Rows are compared without their order (each file is sorted by its bytes
# first; a query's order shows in its LIMIT).  Floats may differ by 1e-9 of
# their size: engines add in different orders.  Times lose a trailing "+00"
# and "00:00:00", which is how the engines write the same instant.  With a
# subset file as third argument, only the first column must be equal, and each
# row must be one of that file's.
#
package Answers;

use strict;
use warnings;

my $TOLERANCE = 1e-9;

sub sorted
{
	my ($file) = @_;

	return if -e "$file.sorted" && -M "$file.sorted" <= -M $file;
	system("sed -E 's/(:[0-9]{2})\\+00(\\t|\$)/\\1\\2/g; s/([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00(\\t|\$)/\\1\\2/g' '$file' | LC_ALL=C sort >'$file.sorted.new'") == 0
	  && rename "$file.sorted.new", "$file.sorted"
	  or die "cannot sort $file\n";
}

sub difference
{
	my ($got, $expected, $subset) = @_;

	sorted($_) foreach grep { defined } $got, $expected, $subset;
	return '' if system('cmp', '-s', "$got.sorted", "$expected.sorted") == 0;
	return first_difference($got, $expected, $subset);
}

sub first_difference
{
	my ($got, $expected, $subset) = @_;
	my ($row, %allowed) = (0);

	open my $a, '<', "$got.sorted" or die "$got: $!\n";
	open my $b, '<', "$expected.sorted" or die "$expected: $!\n";
	if ($subset)
	{
		open my $s, '<', "$subset.sorted" or die "$subset: $!\n";
		%allowed = map { canonical($_) => 1 } <$s>;
	}
	while (1)
	{
		my ($x, $y) = (scalar <$a>, scalar <$b>);
		return '' if !defined $x && !defined $y;
		$row++;
		return "row $row: too few rows" unless defined $x;
		return "row $row: too many rows" unless defined $y;
		chomp($x, $y);
		return "row $row: $x\n    is not a row of the table" if $subset && !$allowed{ canonical($x) };
		($x, $y) = map { (split /\t/)[0] } $x, $y if $subset;
		return "row $row: $x\n    expected $y" unless same_row($x, $y);
	}
}

# Floats as one engine or the other prints them.
sub canonical
{
	my ($row) = @_;

	chomp $row;
	return join "\t", map { /^-?\d+\.\d+$/ ? $_ + 0 : $_ } split /\t/, $row, -1;
}

sub same_row
{
	my ($x, $y) = @_;
	my @x = split /\t/, $x, -1;
	my @y = split /\t/, $y, -1;

	return 0 unless @x == @y;
	same_value($x[$_], $y[$_]) or return 0 foreach 0 .. $#x;
	return 1;
}

sub same_value
{
	my ($x, $y) = @_;

	return 1 if $x eq $y;
	my $number = qr/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
	return 0 unless $x =~ $number && $y =~ $number;
	return abs($x - $y) <= $TOLERANCE * (abs($x) > abs($y) ? abs $x : abs $y);
}

1;
