# Connection.pm: one session, whose answers are collected as they come.
#
#   $c->send(SQL); ... $c->take ...      until $c->{doing} is not 'running'
#   $c->block; $c->wake; $c->cancel      what Sides.pm does to who waits
#
#   {doing}    idle: the answer is there; running; blocked: waits for a lock,
#              and its process is stopped
#   {xact}     I, T or E, as the server says
#   {outcome}  of the last statement, as a text to compare: an SQLSTATE, or the
#              command tag and the rows, sorted
#   {message}  the text of an error
#   {pid}      the process of the server that serves it
#
package Connection;

use strict;
use warnings;

use parent 'Frontend';

use constant CHUNK => 65536;

my $turn = 0;

sub new
{
	my ($class, %option) = @_;
	my $self = Frontend::new($class, %option);

	@$self{qw(doing xact pid outcome message)} = ('idle', 'I', $self->{backend}, '', '');
	return $self;
}

# One statement; its answer is not waited for.
sub send
{
	my ($self, $sql) = @_;

	@$self{qw(doing tag values error message sql waited in_log)} =
	  ('running', '', [], '', '', $sql, 0, 0);
	local $SIG{PIPE} = 'IGNORE';
	syswrite $self->{socket}, 'Q' . pack('N', 5 + length $sql) . "$sql\0" if $self->{socket};
}

# Take what the socket has.
sub take
{
	my ($self) = @_;
	my $in = \$self->{buffer};

	return $self->lost
	  unless $self->{socket} && sysread $self->{socket}, $$in, CHUNK, length $$in;
	while (length $$in >= 5)
	{
		my ($type, $length) = unpack 'a N', $$in;
		last if length $$in <= $length;
		$self->message_is($type, substr substr($$in, 0, 1 + $length, ''), 5);
	}
}

sub message_is
{
	my ($self, $type, $body) = @_;

	if ($type eq 'D')
	{
		push @{ $self->{values} }, row_text($body);
	}
	elsif ($type eq 'C')
	{
		$self->{tag} = substr $body, 0, -1;
	}
	elsif ($type eq 'E')
	{
		($self->{error}) = $body =~ /\0C([^\0]*)/;
		($self->{message}) = $body =~ /\0M([^\0]*)/;
	}
	elsif ($type eq 'Z')
	{
		$self->{xact} = $body;
		$self->{outcome} = $self->{error} || join "\n", $self->{tag}, sort @{ $self->{values} };
		$self->{doing} = 'idle';
	}
}

# The length of NULL is -1.
sub row_text
{
	my ($body) = @_;
	my ($n, @values) = unpack 'n (l>/a)*', $body =~ s/\xff{4}/\0\0\0\x01~/gr;
	return join '|', @values;
}

sub lost
{
	my ($self) = @_;

	@$self{qw(doing xact outcome error)} = ('idle', '', 'LOST', 'LOST');
	$self->close;
}

# ---------- processes that wait ----------

# In the order in which their statements began to wait, {turn}; that one has had
# a lock and waits for the next does not put it behind others.
sub block
{
	my ($self) = @_;

	kill 'STOP', $self->{pid};
	$self->{turn} = ++$turn unless $self->{waited};
	@$self{qw(doing waited)} = ('blocked', 1);
}

sub wake
{
	my ($self) = @_;

	@$self{qw(doing in_log)} = ('running', 0);
	kill 'CONT', $self->{pid};
}

# The signal of pg_cancel_backend.
sub cancel
{
	my ($self) = @_;

	kill 'INT', $self->{pid};
	$self->wake;
}

# Wherever the session is: it goes away.
sub terminate
{
	my ($self) = @_;

	return unless $self->{socket};
	kill 'TERM', $self->{pid} if $self->{doing} ne 'idle';
	kill 'CONT', $self->{pid};
	$self->close;
}

1;
