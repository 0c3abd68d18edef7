# Of random lines, rusts.parse_lines accepts what InfluxDB accepts, and refuses
# what it refuses, but for the differences that docs/ingest.md lists.
use strict;
use warnings;

use HTTP::Tiny;
use IO::Socket::INET;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RustsTest;

# It is not installed by the run: Debian's package would start a service.
my ($influxd) = grep { -x $_ } '/usr/bin/influxd', '/usr/sbin/influxd';
plan skip_all => 'influxd is not installed (Debian: influxdb)' unless $influxd;

my $count = $ENV{LINES} || 5000;
srand($ENV{SEED} || 1);

# ---------- InfluxDB on loopback, in a directory of its own ----------

my $folder = PostgreSQL::Test::Utils::tempdir();
my ($port, $rpc) = map { PostgreSQL::Test::Cluster::get_free_port() } 1 .. 2;
my $url = "http://127.0.0.1:$port";
my $http = HTTP::Tiny->new(timeout => 60);
my $connection;
my $pid = start_influxd();

END
{
	my $status = $?;
	if ($pid)
	{
		kill 'TERM', $pid;
		waitpid $pid, 0;
	}
	$? = $status;
}

sub start_influxd
{
	open my $conf, '>', "$folder/influxdb.conf" or die $!;
	print $conf <<"EOF";
reporting-disabled = true
bind-address = "127.0.0.1:$rpc"
[meta]
  dir = "$folder/meta"
[data]
  dir = "$folder/data"
  wal-dir = "$folder/wal"
  max-series-per-database = 0
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:$port"
  log-enabled = false
EOF
	close $conf;
	my $child = fork;
	die "fork: $!" unless defined $child;
	if ($child == 0)
	{
		open STDOUT, '>', "$folder/log";
		open STDERR, '>&', \*STDOUT;
		exec $influxd, 'run', '-config', "$folder/influxdb.conf";
	}
	return $child;
}

# One request in one piece on one connection: in two it would take 40 ms, until
# the server's system has acknowledged the first.
sub write_lines
{
	my ($lines) = @_;
	my ($status, $len, $content) = (0, 0, '');

	$connection ||= IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "$!";
	print $connection "POST /write?db=test HTTP/1.1\r\nHost: test\r\nContent-Length: " . length($lines) . "\r\n\r\n$lines";
	$connection->flush;
	while (defined(my $line = <$connection>))
	{
		$status = $1 if $line =~ m{^HTTP/1.1 (\d+)};
		$len = $1 if $line =~ /^Content-Length: (\d+)/i;
		die 'an answer in chunks' if $line =~ /^Transfer-Encoding/i;
		last if $line =~ /^\r?\n/;
	}
	read $connection, $content, $len;
	return ($status, $content);
}

# How many of the lines it could not parse; undef when it got further and had
# something against the types, which says nothing about the lines.
sub refused_by_influxd
{
	my ($lines) = @_;
	my ($status, $content) = write_lines($lines);
	my $bad = () = $content =~ /unable to parse '/g;

	return 0 if $status == 204;
	die "$status $content" unless $status == 400;
	return $content =~ /type conflict|partial write: invalid/ && !$bad ? undef : $bad;
}

# ---------- random lines ----------

my @names = ('a', 'b', 'cpu', 'us er', 'x,y', 'x=y', 'q"q', 'b\\s', "\xc3\xa9", 't1', 'a_long_name_of_a_field_123');
my @good = ('1', '2.5', '58.13', '-3i', 't', '"s"', '"a b,c=d"');
my @values = ((@good) x 12, '-0', '1.', '.5', '1e5', '1E+5', '9223372036854775807i', '9223372036854775808i', 'T', 'true',
	'True', 'TRUE', 'f', 'FALSE', 'False', 'tRUE', '""', '"q\\"q"', '"b\\\\"', "\"n\nl\"", '"open', 'nan', 'inf', '+1',
	'.', '-', '1e', '1e309', '1e-400', '0x1', '1_0', '1.1.1', '1i2', '62.288713455200195', '1' x 30, '1=2', '00i', '-i');
my @ends = (('', ' 1', ' 1704067200000000000') x 8, ' -5', '  7 ', ' 7 8', ' x', ' 9223372036854775806',
	' 9223372036854775807', ' 99999999999999999999', ' -', ' 1.5');
my @bytes = split //, ",,==  \\\\\"\"\n\t#ab01.-+eEitTf";

sub pick { return $_[ rand @_ ]; }

# A name, nearly always with what must be escaped escaped.
sub name
{
	my ($escaped) = @_;
	my $name = pick(@names);
	$name =~ s/([$escaped])/rand() < 0.95 ? "\\$1" : $1/ge;
	return $name;
}

sub random_line
{
	my $line = name(', ');
	$line .= ',' . name(', =') . '=' . name(', =') foreach 1 .. rand 3;
	$line .= ' ' . join(',', map { name(', =') . '=' . pick(@values) } 0 .. rand 3) . pick(@ends);
	while (rand() < 0.3)
	{
		# the bytes of one character stay together
		my @characters = $line =~ /([\xc0-\xff][\x80-\xbf]*|.)/gs;
		splice @characters, rand @characters, int rand 2, rand() < 0.7 ? pick(@bytes) : ();
		$line = join '', @characters;
	}
	return $line;
}

# ---------- comparing ----------

for (1 .. 300)
{
	last if $http->post("$url/query?q=CREATE+DATABASE+test")->{success};
	select undef, undef, undef, 0.1;
}

# A measurement each, because the type of a field is a measurement's.
my @lines = map { "n${_}_" . random_line() } 0 .. $count - 1;
my @theirs = map { refused_by_influxd($_) } @lines;

my $node = new_node('main');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION rusts; CREATE TABLE lines (n int, line text)');
my $file = "$folder/lines";
open my $out, '>', $file or die $!;
print $out "$_\t" . ($lines[$_] =~ s/([\\\n\t])/{ "\\" => '\\\\', "\n" => '\\n', "\t" => '\\t' }->{$1}/ger) . "\n"
  foreach 0 .. $#lines;
close $out;
$node->safe_psql('postgres', "COPY lines FROM '$file' (ENCODING 'UTF8')");
my %ours = map { my ($n, $bad, $reasons) = split /\|/, $_, 3; ($n => [ $bad, $reasons ]) } split /\n/,
  $node->safe_psql('postgres', <<'EOF');
SELECT n, count(error), string_agg(DISTINCT error, '; ') FROM lines, rusts.parse_lines(line) GROUP BY n
EOF

my ($accepted, $refused, $after_string, @different) = (0, 0, 0);
foreach my $n (0 .. $#lines)
{
	my ($bad, $reasons) = @{ $ours{$n} };

	next unless defined $theirs[$n];
	$theirs[$n] ? $refused++ : $accepted++;
	next if $bad == $theirs[$n];
	if ($reasons =~ /text after a string/)
	{
		$after_string++;
		next;
	}
	push @different, "$lines[$n]: $theirs[$n] refused there, $bad here ($reasons)";
}
note("$accepted accepted, $refused refused, $after_string with text after a string");
is(join("\n", @different), '', 'the same lines are accepted and refused');
cmp_ok($accepted, '>', $count / 4, 'many lines are good');
cmp_ok($refused, '>', $count / 4, 'many lines are bad');

done_testing();
