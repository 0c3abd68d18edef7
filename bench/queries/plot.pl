#!/usr/bin/perl
#
# plot.pl RESULTS QUERIES...: a picture (SVG) of what race.pl measured.
#
# A row a query, a dot an engine, milliseconds on a logarithmic axis: bars
# would need a zero, which such an axis does not have.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Engines;
use Table;

# The palette of Okabe and Ito, which colour-blind readers tell apart.
my @ENGINES = (
	[ rusts => 'rusts', '#d55e00', 6 ], [ duckdb => 'DuckDB, one thread', '#0072b2', 4.5 ],
	[ chdb => 'chDB (ClickHouse), one thread', '#009e73', 4.5 ], [ heap => 'heap with btrees', '#999999', 4.5 ]);
my ($ROW, $LEFT, $TOP, $WIDTH, $RIGHT) = (24, 250, 64, 620, 30);
my ($FROM, $TO) = (-2, 4.2);    # powers of ten of a millisecond

my %WHAT = (
	Q1 => 'count(*)', Q2 => 'min and max of time', Q3 => 'avg of one metric', Q4 => 'avg of ten metrics', Q5 => 'count where metric > 90',
	Q6 => 'one host, one hour, by minute', Q7 => '8 hosts, 5 metrics, one hour', Q8 => '8 hosts, 10 metrics, 8 hours', Q9 => 'avg by hour and host, 12 h',
	Q10 => 'ten avgs by hour and host', Q11 => 'rows of one host > 90', Q12 => '473,000 rows out', Q13 => 'last row of each host', Q14 => 'newest 5 minutes, max',
	Q15 => 'avg by datacenter in a region', Q16 => 'newest 10 rows', T1 => 'taxi: takings by week', T2 => 'taxi: busiest zones', T3 => 'taxi: percentiles by hour',
	T4 => 'taxi: one zone, day by day', T5 => 'taxi: tips by payment', T6 => 'taxi: last trip by zone', T7 => 'taxi: counts, first, last');

my $results = Table->read(shift // die "usage: plot.pl RESULTS QUERIES...\n");
my @rows = grep { defined $results->ms($_->{name}, 'default', 'rusts') } map { Engines::queries($_) } @ARGV;
my $height = $TOP + @rows * $ROW + 40;
my $full = $LEFT + $WIDTH + $RIGHT;

print qq{<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $full $height" font-family="sans-serif" font-size="13">\n},
  qq{<title>Query times of rusts, DuckDB, chDB and heap</title>\n<rect width="$full" height="$height" fill="#ffffff"/>\n};
axis();
legend();
row($_, $rows[$_]) foreach 0 .. $#rows;
print "</svg>\n";

sub x_of
{
	my ($ms) = @_;
	my $power = log($ms) / log(10);

	$power = $FROM if $power < $FROM;
	$power = $TO if $power > $TO;
	return sprintf '%.1f', $LEFT + ($power - $FROM) / ($TO - $FROM) * $WIDTH;
}

sub axis
{
	my $bottom = $TOP + @rows * $ROW;

	foreach my $power ($FROM .. int $TO)
	{
		my $x = x_of(10**$power);
		my $label = $power < 3 ? 10**$power . ' ms' : 10**($power - 3) . ' s';

		print qq{<line x1="$x" y1="$TOP" x2="$x" y2="$bottom" stroke="#dddddd"/>},
		  qq{<text x="$x" y="@{[ $bottom + 20 ]}" text-anchor="middle" fill="#444444">$label</text>\n};
	}
}

sub legend
{
	my $x = 20;

	foreach my $engine (@ENGINES)
	{
		my (undef, $label, $colour, $radius) = @$engine;

		print qq{<circle cx="$x" cy="26" r="$radius" fill="$colour"/><text x="@{[ $x + 12 ]}" y="31" fill="#222222">$label</text>\n};
		$x += 40 + 7.2 * length $label;
	}
	print qq{<text x="@{[ $full - $RIGHT ]}" y="52" text-anchor="end" fill="#444444">faster is to the left, logarithmic</text>\n};
}

sub row
{
	my ($n, $query) = @_;
	my $y = $TOP + ($n + 0.5) * $ROW;
	my $name = $query->{name};
	my @points = grep { defined $_->[0] } map { [ $results->ms($name, 'default', $_->[0]), @$_ ] } @ENGINES;
	my @x = sort { $a <=> $b } map { x_of($_->[0]) } @points;

	print qq{<text x="12" y="@{[ $y + 4 ]}" font-weight="bold" fill="#222222">$name</text>},
	  qq{<text x="48" y="@{[ $y + 4 ]}" fill="#444444">@{[ escape($WHAT{$name} // '') ]}</text>},
	  qq{<line x1="$x[0]" y1="$y" x2="$x[-1]" y2="$y" stroke="#cccccc"/>};
	foreach my $point (reverse @points)
	{
		my ($ms, undef, $label, $colour, $radius) = @$point;

		print qq{<circle cx="@{[ x_of($ms) ]}" cy="$y" r="$radius" fill="$colour"><title>$label: @{[ sprintf '%.2f', $ms ]} ms</title></circle>};
	}
	print "\n";
}

sub escape
{
	my ($text) = @_;

	$text =~ s/&/&amp;/g;
	$text =~ s/</&lt;/g;
	$text =~ s/>/&gt;/g;
	return $text;
}
