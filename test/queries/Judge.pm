# Judge.pm: whether an answer is the right one, for the query twin.
#
#   states($err)                 SQLSTATEs of each statement of one query
#   judge($query, $want, $have)  undef, or how the two differ
#
# Rows are compared as sets where nothing orders them.  Fields may differ in
# the sign of a zero; in approximate queries (stddev and its family) by 1e-9.
#
# Errors.  Where the heap gives an answer the other must give the same one (or
# fail with or_error, where that depends on the order of rows).
# Where the heap gives an error and the query is one that is meant to
# (raises), the other may answer, since it may have left out the row that
# fails, or fail as well: then with the same SQLSTATE, unless the query has
# several ways to fail (raises > 1).  Other queries must fail in the same way.
# Where the query says what is right (expect, a pattern), the heap is not asked.
package Judge;

use strict;
use warnings;

use Exporter 'import';
use Session qw(shorten);

our @EXPORT_OK = qw(judge different statements text_of);

my $tolerance = 1e-9;

# The statements of a text, which end with ";" outside of quotes.
sub statements
{
	my ($sql) = @_;
	my @statements;

	push @statements, $1 while $sql =~ /\G\s*((?:[^;'\$]|'[^']*'|\$\$.*?\$\$|\$(?!\$))+)(?:;|\z)/gs;
	return map { s/\s+\z//r } @statements;
}

# Whether something outside of parentheses orders every statement's rows.
sub is_ordered
{
	my ($query) = @_;
	my $sql = $query->{sql};

	return 0 if $query->{unordered};
	1 while $sql =~ s/\([^()]*\)//g;
	foreach my $statement (split /;/, $sql)
	{
		return 0 if $statement =~ /^\s*(?:SELECT|WITH|TABLE|PREPARE|DECLARE)/ && $statement !~ /ORDER BY/;
	}
	return 1;
}

sub same
{
	my ($query, $want, $have) = @_;
	my @want = split /\n/, $want;
	my @have = split /\n/, $have;

	return 0 unless @want == @have;
	unless (is_ordered($query))
	{
		@want = sort @want;
		@have = sort @have;
	}
	foreach my $i (0 .. $#want)
	{
		next if $want[$i] eq $have[$i];
		return 0 unless $query->{approximate} && near($want[$i], $have[$i]);
	}
	return 1;
}

sub near
{
	# fields, also those of a row or an array as text
	my @a = split /[|,(){}"]/, $_[0], -1;
	my @b = split /[|,(){}"]/, $_[1], -1;
	my $number = qr/^-?\d+(?:\.\d+)?(?:e[-+]\d+)?$/;

	return 0 unless @a == @b;
	foreach my $i (0 .. $#a)
	{
		next if $a[$i] eq $b[$i];
		return 0 unless $a[$i] =~ $number && $b[$i] =~ $number;
		return 0 if abs($a[$i] - $b[$i]) > $tolerance * (1 + abs $a[$i]);
	}
	return 1;
}

# A session's outputs and errors for one query as [text, SQLSTATEs] of each of
# its statements.
sub parts
{
	my ($side) = @_;
	my @texts = $side->{out} eq '' ? ('') : split /^\@\@\+\n/m, $side->{out}, -1;
	my @errors = split /^\@\@\+\n/m, $side->{err}, -1;

	return map { [ $texts[$_] =~ s/(?<![\d.eE])-0(?![\d.])/0/gr, join ' ', ($errors[$_] // '') =~ /(?:ERROR|FATAL|PANIC):\s+([0-9A-Z]{5})/g ] } 0 .. $#texts;
}

# All of it, to show.
sub text_of { return join '', map { $_->[0] . ($_->[1] ? "ERROR $_->[1]\n" : '') } parts($_[0]); }

sub part_is_right
{
	my ($query, $want, $have) = @_;

	return defined $query->{or_error} && $have->[1] eq $query->{or_error}
	  if $have->[1] && !$want->[1];
	return same($query, $want->[0], $have->[0]) unless $want->[1];
	return $want->[1] eq $have->[1] unless $query->{raises};
	return $query->{raises} > 1 || $want->[1] eq $have->[1] || $want->[1] eq '25P02' if $have->[1];
	return !($query->{finite} && $have->[0] =~ /NaN/);
}

sub judge
{
	my ($query, $want, $have) = @_;
	my (@want, @have);

	if (defined $query->{expect})
	{
		return text_of($have) =~ /\A(?:$query->{expect})\z/ ? undef : different("(as the pattern) $query->{expect}", text_of($have));
	}
	@want = parts($want);
	@have = parts($have);
	foreach my $i (0 .. ($#want > $#have ? $#want : $#have))
	{
		return different(text_of($want), text_of($have)) unless $want[$i] && $have[$i] && part_is_right($query, $want[$i], $have[$i]);
	}
	return undef;
}

# Both answers when they are short, else where they part.
sub different
{
	my ($want, $have) = @_;
	my @want = split /\n/, $want;
	my @have = split /\n/, $have;
	my $i = 0;

	return '  expected  ' . shorten($want) . "\n  got       " . shorten($have) . "\n" if length($want) + length($have) < 800;
	$i++ while $i < @want && $i < @have && $want[$i] eq $have[$i];
	return sprintf "  expected  %d lines, line %d: %s\n  got       %d lines, line %d: %s\n", scalar @want, $i + 1, shorten($want[$i] // '(none)'),
	  scalar @have, $i + 1, shorten($have[$i] // '(none)');
}

1;
