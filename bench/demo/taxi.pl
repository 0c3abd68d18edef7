#!/usr/bin/perl
#
# taxi.pl ROWS SEED: a look-alike of the NYC green taxi trips, as CSV.
#
# For machines without the real file.  Same 20 columns, same order, the same
# habits: times to the second, fares in steps of ten cents that follow the
# distance, most surcharges from a short list, some NULLs, a few dirty rows.
#
use strict;
use warnings;

use POSIX qw(strftime);

my ($rows, $seed) = @ARGV;
srand($seed || 1);
# without this every strftime asks the system which time zone it is in
$ENV{TZ} = 'UTC';
POSIX::tzset();

my $start = 1704067200;    # 2024-01-01T00:00:00Z
my $step = 360 * 86400 / $rows;
my @zones = map { 1 + int(rand(263)) } 1 .. 40;

print join(',',
	qw(VendorID lpep_pickup_datetime lpep_dropoff_datetime
	  store_and_fwd_flag RatecodeID PULocationID DOLocationID passenger_count
	  trip_distance fare_amount extra mta_tax tip_amount tolls_amount ehail_fee
	  improvement_surcharge total_amount payment_type trip_type
	  congestion_surcharge)), "\n";

for my $i (0 .. $rows - 1)
{
	my $pickup = int($start + $i * $step);
	my $distance = 0.3 + rand(1)**3 * 20;
	my $duration = int(120 + $distance * 200 * (0.7 + rand 0.6));
	my $fare = sprintf '%.1f', 3 + $distance * 2.8 + $duration / 600;
	my $card = rand() < 0.65;
	my $extra = (0, 0, 1, 2.5, 2.75)[ rand 5 ];
	my $tip = $card ? sprintf '%.2f', $fare * (0, 0.1, 0.15, 0.2, 0.25)[ rand 5 ] : 0;
	my $tolls = rand() < 0.03 ? 6.94 : 0;
	my $congestion = rand() < 0.3 ? 2.75 : 0;
	my $known = rand() > 0.2;

	$fare = -$fare if rand() < 0.003;
	printf "%s,%s,%s,%s,%s,%d,%d,%s,%.2f,%s,%s,0.5,%s,%s,,1.0,%.2f,%s,%s,%s\n",
	  1 + (rand() < 0.85), stamp($pickup), stamp($pickup + $duration),
	  $known ? 'N' : '', $known ? 1 : '', $zones[ rand(1)**2 * @zones ],
	  1 + int(rand(1)**1.5 * 263), $known ? 1 + int(rand(1)**6 * 6) : '',
	  $distance, $fare, $extra, $tip, $tolls,
	  $fare + $extra + 1.5 + $tip + $tolls + $congestion,
	  $known ? ($card ? 1 : 2) : '', $known ? 1 : '', $known ? $congestion : '';
}

sub stamp
{
	return strftime('%Y-%m-%d %H:%M:%S', gmtime $_[0]);
}
