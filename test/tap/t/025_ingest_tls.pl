# HTTPS: certificates that are good, bad, missing, and replaced.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use IngestTest;
use RustsTest;

foreach my $program ('openssl', 'curl')
{
	plan skip_all => "$program is not installed" unless grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

my $folder = PostgreSQL::Test::Utils::tempdir();
my $node = ingest_node('main', '');
my $port = http_port($node);

sub make_certificate
{
	my ($name) = @_;
	system_or_bail('openssl', 'req', '-new', '-x509', '-days', '2', '-nodes', '-newkey', 'rsa:2048', '-subj', "/CN=$name",
		'-out', $node->data_dir . "/$name.crt", '-keyout', $node->data_dir . "/$name.key");
	chmod 0600, $node->data_dir . "/$name.key";
}

# What curl says: the status, and the name in the certificate.
sub https
{
	my ($lines) = @_;
	my $out = `curl -s -k -v -m 60 -o /dev/null -w 'status %{http_code}' -u agent:secret --data-binary '$lines' https://127.0.0.1:$port/write 2>&1`;
	my ($status) = $out =~ /status (\d+)/;
	my ($name) = $out =~ /subject: CN=(\w+)/;

	return "$status " . ($name // '');
}

sub use_files
{
	my ($cert, $key) = @_;
	$node->append_conf('postgresql.conf', "rusts.ingest_ssl_cert_file = '$cert'\nrusts.ingest_ssl_key_file = '$key'");
}

sub rows { return $node->safe_psql('postgres', "SELECT count(*) FROM $_[0]"); }

make_certificate($_) foreach 'first', 'second';

# ---------- from HTTP to HTTPS, and to another certificate ----------

is(ask($port, request('POST', '/write', 'a f=1'))->{status}, 204, 'plain HTTP');
my $plain = connect_to($port);
send_all($plain, request('POST', '/write', undef, 'Content-Length' => 5));
eventually(sub { $node->safe_psql('postgres', 'SELECT connections FROM rusts.ingest_stats') == 1 }, 'a request is under way');
use_files('first.crt', 'first.key');
$node->reload;
eventually(sub { https('a f=2') eq '204 first' }, 'SIGHUP: HTTPS, files in the data directory');
send_all($plain, 'a f=3');
is(read_answer($plain)->{status}, 204, 'what was under way is answered');
ok(!ask($port, request('POST', '/write', 'a f=4')), 'no plain HTTP any more');
use_files($node->data_dir . '/second.crt', $node->data_dir . '/second.key');
$node->reload;
eventually(sub { https('a f=5') eq '204 second' }, 'SIGHUP: another certificate');

# a file that is replaced, under the same name
rename $node->data_dir . '/first.crt', $node->data_dir . '/second.crt' or die;
rename $node->data_dir . '/first.key', $node->data_dir . '/second.key' or die;
$node->reload;
eventually(sub { https('a f=6') eq '204 first' }, 'SIGHUP: other files of the same names');
cmp_ok(rows('a'), '>=', 5, 'all of it is written');

my $large = "$folder/large";
append_to_file($large, join '', map { "b,h=x f=$_ $_\n" } 1 .. 200_000);
like(`curl -s -k -m 120 -o /dev/null -w '%{http_code}' -u agent:secret --data-binary \@$large https://127.0.0.1:$port/write`, qr/204/, 'a large body');
is(rows('b'), 200000, 'all of it');
{
	my @silent = map { connect_to($port) } 1 .. 20;
	is(https('a f=7'), '204 first', 'clients that never shake hands keep nobody from being served');
}

# ---------- what cannot be used ----------

sub still_first
{
	my ($pattern, $label) = @_;
	my $from = -s $node->logfile;

	$node->reload;
	eventually(sub { substr(slurp_file($node->logfile), $from) =~ $pattern }, "$label: the log says so");
	is(https('a f=8'), '204 first', "$label: the old certificate stays");
}

use_files('nothing.crt', 'second.key');
still_first(qr/could not read "nothing.crt" for HTTPS/, 'no such file');
use_files('second.crt', '');
still_first(qr/needs a certificate and a key/, 'no key');
make_certificate('third');
use_files('second.crt', 'third.key');
still_first(qr/could not start HTTP/, "another's key");
chmod 0644, $node->data_dir . '/third.key';
use_files('third.crt', 'third.key');
still_first(qr/does not use private key "third.key": others have access to it/, 'a key that others can read');

# at the start, nothing is listened on
$node->restart;
eventually(sub { slurp_file($node->logfile) =~ /others have access to it.*others have access to it/s }, 'the log says it at the start');
ok(!connect_to($port), 'and there is no port');
chmod 0600, $node->data_dir . '/third.key';
$node->reload;
eventually(sub { https('a f=9') eq '204 third' }, 'until the key is safe');

done_testing();
