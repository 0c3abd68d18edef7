# Checks.pm: what is true of the tables when all sessions have ended.
#
#   check_tables(ADMINISTER, SHAPE, FLUSH, AM)   a list: '' or a problem, for
#                                                each check
#
# ADMINISTER runs a statement with dml_rusts in the search path.  The tables of
# both sides have the same rows; on the rusts side every way to read a table
# finds the same rows, rusts.verify has no complaint, and every index has an
# entry for every row.  All of that again when the hot rows have moved.
package Checks;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT_OK = qw(check_tables);

# Settings that make plans different.
my %ways = (
	'sequential scan' => 'enable_indexscan enable_indexonlyscan enable_bitmapscan',
	'index scan' => 'enable_seqscan enable_bitmapscan',
	'bitmap scan' => 'enable_seqscan enable_indexscan enable_indexonlyscan',
);

my $ask;

sub check_tables
{
	my $shape;
	my ($flush, $am);
	my @problems;

	($ask, $shape, $flush, $am) = @_;
	foreach my $state ('', ($flush ? 'flushed: ' : ()))
	{
		if ($state ne '')
		{
			$ask->("SELECT rusts.flush('$_')") foreach @{ $shape->{flushed} };
			$ask->("VACUUM $_") foreach @{ $shape->{flushed} };
		}
		push @problems, map { $_ eq '' ? '' : "$state$_" } compare_sides($shape),
		  compare_ways($shape), ($am eq 'rusts' ? verify($shape) : ()), check_indexes($shape);
	}
	return @problems;
}

sub rows
{
	my ($table) = @_;
	return $ask->("SELECT x::text FROM $table x ORDER BY 1");
}

sub compare_sides
{
	my ($shape) = @_;
	return map { difference("the rows of $_", rows("dml_heap.$_"), rows("dml_rusts.$_")) }
	  @{ $shape->{compare} };
}

# Rows that only one of them has.
sub difference
{
	my ($what, $want, $have) = @_;
	my %number;

	return '' if $want eq $have;
	$number{$_}++ foreach split /\n/, $want;
	$number{$_}-- foreach split /\n/, $have;
	return "$what differ: " . join ' ', map { ($number{$_} > 0 ? '-' : '+') . $_ }
	  grep { $number{$_} } sort keys %number;
}

sub compare_ways
{
	my ($shape) = @_;
	my @results;

	foreach my $table (@{ $shape->{compare} })
	{
		my $plain = rows($table);
		foreach my $way (sort keys %ways)
		{
			my @settings = split ' ', $ways{$way};
			my $column = $table eq 'c' ? 'cid' : 'id';

			$ask->("SET $_ = off") foreach @settings;
			my $got = $ask->("SELECT x::text FROM $table x WHERE $column > -1000 ORDER BY 1");
			$ask->("RESET $_") foreach @settings;
			push @results, difference("$table by $way", $plain, $got);
		}
	}
	return @results;
}

sub verify
{
	my ($shape) = @_;
	my @said = map { [ $_, $ask->("SELECT * FROM rusts.verify('$_')") ] } @{ $shape->{flushed} };
	return map { $_->[1] eq '' ? '' : "rusts.verify('$_->[0]'): $_->[1]" } @said;
}

sub check_indexes
{
	my ($shape) = @_;
	my $names = join ', ', map { "'$_'" } @{ $shape->{compare} };
	my $indexes = $ask->(<<"SQL");
SELECT i.oid::regclass FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
	JOIN pg_class r ON r.oid = x.indrelid
WHERE i.relkind = 'i' AND r.relname IN ($names) AND r.relnamespace = 'dml_rusts'::regnamespace
SQL
	return map { check_index($_) } split /\n/, $indexes;
}

sub check_index
{
	my ($index) = @_;
	my $error = eval { $ask->("SELECT bt_index_check('$index', true)"); '' } // $@;
	return $error eq '' ? '' : "index $index: $error";
}

1;
