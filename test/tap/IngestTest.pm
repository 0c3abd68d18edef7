#
# IngestTest.pm: an HTTP client that does what no good client does, for tests
# of the ingest worker.
#
#   ingest_node(NAME, CONF, %init)   a node with the worker's HTTP port open, a
#                              role agent (password secret) that may make
#                              tables, and the extension
#   http_port(NODE)            of HTTP
#   connect_to(PORT)           a socket
#   send_all(SOCKET, DATA)     all of it; false when the other side has gone
#   request(METHOD, PATH, BODY, HEADERS)   a text to send; Basic login of agent
#   read_answer(SOCKET)        { status, headers, body }, or undef at the end
#   ask(PORT, TEXT)            send it on a connection of its own, read the answer
#   eventually(CODE, LABEL)    a test: the code returns true, sooner or later
#   worker_pid(NODE)           of the worker
#
package IngestTest;

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'time';

use RustsTest;

our @EXPORT = qw(ingest_node http_port connect_to send_all request read_answer ask status_of
  eventually worker_pid);

use constant PATIENCE => 120;

my %ports;

# A client that is cut off shall see an error, not die of a signal.
$SIG{PIPE} = 'IGNORE';

sub ingest_node
{
	my ($name, $conf, %init) = @_;
	my $node = new_node($name, allows_streaming => 1, %init);
	my $port = PostgreSQL::Test::Cluster::get_free_port();

	$ports{$name} = $port;
	$node->append_conf('postgresql.conf', <<"CONF");
rusts.ingest_port = $port
rusts.ingest_listen_addresses = '127.0.0.1'
restart_after_crash = on
$conf
CONF
	$node->start;
	$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rusts;
CREATE ROLE agent LOGIN PASSWORD 'secret';
GRANT CREATE ON SCHEMA public TO agent;
SQL
	eventually(sub { ask($port, request('GET', '/ping')) }, "$name: the worker listens");
	return $node;
}

sub http_port
{
	my ($node) = @_;
	return $ports{ $node->name };
}

sub connect_to
{
	my ($port) = @_;
	return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp', Timeout => 10);
}

sub send_all
{
	my ($socket, $data) = @_;
	my $at = 0;

	while ($at < length $data)
	{
		my $sent = syswrite $socket, $data, length($data) - $at, $at;
		return 0 unless $sent;
		$at += $sent;
	}
	return 1;
}

# Headers with the value undef are left out.
sub request
{
	my ($method, $path, $body, %headers) = @_;
	my %all = (
		Host => 'test',
		Authorization => 'Basic ' . encode_base64('agent:secret', ''),
		defined $body ? ('Content-Length' => length $body) : (),
		%headers);

	return "$method $path HTTP/1.1\r\n"
	  . join('', map { "$_: $all{$_}\r\n" } grep { defined $all{$_} } sort keys %all)
	  . "\r\n"
	  . ($body // '');
}

# undef at the end, and when nothing comes for long.
sub read_some
{
	my ($socket, $want) = @_;
	my $data = '';

	return undef unless IO::Select->new($socket)->can_read(PATIENCE);
	return undef unless sysread $socket, $data, $want;
	return $data;
}

sub read_line
{
	my ($socket) = @_;
	my $line = '';

	while ($line !~ /\n/)
	{
		my $byte = read_some($socket, 1);
		return undef unless defined $byte;
		$line .= $byte;
	}
	return $line =~ s/\r?\n//r;
}

sub read_exactly
{
	my ($socket, $len) = @_;
	my $data = '';

	while (length $data < $len)
	{
		my $more = read_some($socket, $len - length $data);
		return undef unless defined $more;
		$data .= $more;
	}
	return $data;
}

# A body that is cut off in the middle is undef.
sub read_chunks
{
	my ($socket) = @_;
	my $body = '';

	while (1)
	{
		my $len = read_line($socket) // return undef;
		my $chunk = read_exactly($socket, hex $len) // return undef;
		read_line($socket) // return undef;
		return $body if hex $len == 0;
		$body .= $chunk;
	}
}

sub read_answer
{
	my ($socket) = @_;
	my $first = read_line($socket) // return undef;
	my %answer = (headers => {}, body => '');

	($answer{status}) = $first =~ m{^HTTP/1\.[01] (\d+)};
	while (1)
	{
		my $line = read_line($socket) // return undef;
		last if $line eq '';
		my ($name, $value) = $line =~ /^([^:]+): *(.*)$/;
		$answer{headers}{ lc $name } = $value;
	}
	return read_answer($socket) if $answer{status} == 100;
	if (($answer{headers}{'transfer-encoding'} // '') eq 'chunked')
	{
		$answer{body} = read_chunks($socket);
	}
	elsif ($answer{headers}{'content-length'} && $answer{status} != 204)
	{
		$answer{body} = read_exactly($socket, $answer{headers}{'content-length'});
	}
	return \%answer;
}

# Who is refused early may not be heard to the end.
sub ask
{
	my ($port, $text) = @_;
	my $socket = connect_to($port) or return undef;

	send_all($socket, $text);
	return read_answer($socket);
}

# The status alone; 0 when there was no answer, as while a worker starts or
# changes its settings.
sub status_of
{
	my $answer = ask(@_);
	return $answer ? $answer->{status} // 0 : 0;
}

sub eventually
{
	my ($code, $label) = @_;
	my $until = time + PATIENCE;
	my $done;

	until (($done = $code->()) || time > $until)
	{
		select undef, undef, undef, 0.02;
	}
	ok($done, $label);
	return $done;
}

sub worker_pid
{
	my ($node) = @_;
	return $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'rusts ingest'");
}

1;
