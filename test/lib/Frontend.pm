#
# Frontend.pm: a client that speaks PostgreSQL's protocol itself.
#
#   my $c = Frontend->new(path => SOCKET, user => ..., database => ...);
#   $c->ask(SQL)                 the rows, or ERROR, the code and the message
#   $c->query(SQL); ...; $c->answer                the same in two halves
#   $c->open_portal(NAME, SQL); $c->fetch(NAME, ROWS...)   extended protocol
#
# psql reads whatever comes, and a portal only as a whole.  This client reads
# when it is told to, so that the server can be kept waiting with its buffers
# full; and asks for so many rows, as drivers do that have a fetch size.
# Trust authentication over a Unix socket, values as text.
#
#   {backend}   process that serves it       {rows}    values, joined by |
#   {state}     I, T or E; '' when lost      {error}   code and message, or ''
#   {suspended} the portal may have more rows
#
package Frontend;

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;

use constant { PROTOCOL => 3 << 16, HEADER => 5, CHUNK => 65536 };

sub new
{
	my ($class, %option) = @_;
	my $self = bless {%option, buffer => ''}, $class;
	my $startup = pack('N', PROTOCOL) . join("\0", user => $option{user},
		database => $option{database} || 'postgres', '', '');

	$self->{socket} = IO::Socket::UNIX->new(Peer => $option{path})
	  or die "$option{path}: $!";
	$self->write(pack('N', 4 + length $startup) . $startup);
	$self->answer or die "no connection: $self->{error}";
	return $self;
}

# ---------- messages ----------

# A short question, which a socket takes as a whole.  That the connection is
# lost is noticed when the answer is read.
sub write
{
	my ($self, $bytes) = @_;

	local $SIG{PIPE} = 'IGNORE';
	@$self{qw(rows error state suspended)} = ([], '', '', 0);
	syswrite $self->{socket}, $bytes if $self->{socket};
}

sub message
{
	my ($type, $body) = @_;
	return $type . pack('N', 4 + length $body) . $body;
}

sub has_message
{
	my ($self) = @_;
	return length $self->{buffer} >= HEADER
	  && length $self->{buffer} > unpack 'x N', $self->{buffer};
}

sub read_more
{
	my ($self) = @_;
	sysread($self->{socket}, $self->{buffer}, CHUNK, length $self->{buffer})
	  or $self->close;
}

# The length of NULL is -1, and nothing else looks like that in UTF-8.
sub take_row
{
	my ($self, $body) = @_;
	my ($n, @values) = unpack 'n (l>/a)*', $body =~ s/\xff{4}/\0\0\0\0/gr;
	push @{ $self->{rows} }, join '|', @values;
}

# Take the next message; its type, or nothing when the connection is lost.
sub take_message
{
	my ($self) = @_;

	$self->read_more while $self->{socket} && !$self->has_message;
	return unless $self->has_message;
	my ($type, $length) = unpack 'a N', $self->{buffer};
	my $body = substr substr($self->{buffer}, 0, 1 + $length, ''), HEADER;
	$self->take_row($body) if $type eq 'D';
	$self->{error} = join ' ', $body =~ /\0C([^\0]*)\0M([^\0]*)/ if $type eq 'E';
	$self->{suspended} = 1 if $type eq 's';
	$self->{backend} = unpack 'N', $body if $type eq 'K';
	$self->{state} = $body if $type eq 'Z';
	return $type;
}

# ---------- questions and answers ----------

sub query
{
	my ($self, $sql) = @_;
	$self->write(message('Q', "$sql\0"));
}

# Read until the server is ready for the next question; false: an error.
sub answer
{
	my ($self) = @_;

	while (defined(my $type = $self->take_message))
	{
		return $self->{error} eq '' if $type eq 'Z';
	}
	$self->{error} ||= 'LOST';
	return 0;
}

sub ask
{
	my ($self, $sql) = @_;
	$self->query($sql);
	return $self->answer ? join "\n", @{ $self->{rows} } : "ERROR $self->{error}";
}

# Read until there are so many rows more; false: there are not.
sub read_rows
{
	my ($self, $n) = @_;

	for ($n += @{ $self->{rows} }; @{ $self->{rows} } < $n;)
	{
		return 0 if ($self->take_message // 'Z') eq 'Z';
	}
	return 1;
}

# Read what is there; false: nothing.
sub read_available
{
	my ($self) = @_;
	my $any = 0;

	while ($self->{socket} && IO::Select->new($self->{socket})->can_read(0))
	{
		$self->read_more;
		$self->take_message while $self->has_message;
		$any = 1;
	}
	return $any;
}

# Parse, Bind, Sync.
sub open_portal
{
	my ($self, $name, $sql) = @_;
	$self->write(message('P', "\0$sql\0" . pack 'n', 0)
		  . message('B', "$name\0\0" . pack 'n3', 0, 0, 0) . message('S', ''));
	return $self->answer;
}

# Execute, one or several times, and Sync; to be followed by answer.
sub execute
{
	my ($self, $name, @rows) = @_;
	$self->write(join '', (map { message('E', "$name\0" . pack 'N', $_) } @rows), message('S', ''));
}

# The next rows of a portal, 0: all; may there be others?
sub fetch
{
	my ($self, $name, @rows) = @_;
	$self->execute($name, @rows);
	$self->answer;
	return $self->{suspended};
}

sub close_portal
{
	my ($self, $name) = @_;
	$self->write(message('C', "P$name\0") . message('S', ''));
	return $self->answer;
}

# As when the process of the client ends: without a word.
sub close
{
	my ($self) = @_;
	CORE::close(delete $self->{socket}) if $self->{socket};
}

1;
