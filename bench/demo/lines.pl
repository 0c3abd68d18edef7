#!/usr/bin/perl
#
# lines.pl TIME < trips.csv > trips.lp: taxi trips as line protocol, in seconds.
# TIME is the name of the column with the time of a trip.
use strict;
use warnings;

use Time::Local;

my ($time) = @ARGV;
my @names = map { lc } split /,/, clean(scalar <STDIN>);
my %place = map { $names[$_] => $_ } 0 .. $#names;
my @tags = grep { defined $place{$_} } qw(pulocationid payment_type);
my @fields = grep { defined $place{$_} } qw(trip_distance fare_amount tip_amount total_amount);
my %days;

while (my $line = <STDIN>)
{
	my @values = split /,/, clean($line), -1;
	my ($year, $month, $day, $h, $m, $s) = $values[ $place{$time} ] =~ /(\d+)-(\d+)-(\d+)[ T](\d+):(\d+):(\d+)/ or next;
	my $start = $days{"$year-$month-$day"} //= timegm(0, 0, 0, $day, $month - 1, $year);
	my @set = grep { $values[ $place{$_} ] =~ /^-?[\d.]+$/ } @fields;
	next if !@set;
	print 'taxi', (map { $values[ $place{$_} ] ne '' ? ",$_=$values[$place{$_}]" : () } @tags), ' ',
	  join(',', map { "$_=$values[$place{$_}]" } @set), ' ', $start + $h * 3600 + $m * 60 + $s, "\n";
}

sub clean
{
	my ($line) = @_;
	$line =~ s/[\r\n"]//g;
	return $line;
}
