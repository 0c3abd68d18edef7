#
# Client.pm: a psql that is fed one transaction at a time.
#
#   my $c = Client->new(bindir => ..., host => ..., port, user, database);
#   $c->run("BEGIN; ...; COMMIT;") ? @{ $c->{rows} } : $c->{error};
#   $c->send(...); ...; $c->answer     the same in two halves
#
# psql stops at the first error, so the mark echoed behind a transaction
# proves that every statement in front of it, the COMMIT included, was
# answered with success.  That is what "acknowledged" means in this suite.
#
package Client;

use strict;
use warnings;

use IPC::Open3;

sub new
{
	my ($class, %option) = @_;
	return bless {%option, marks => 0}, $class;
}

sub connect
{
	my ($self) = @_;
	my ($in, $out);

	return if $self->{pid};
	open my $errors, '+>', undef or die "temporary file: $!";
	my @command = (
		"$self->{bindir}/psql", '-XqAt', '-v', 'ON_ERROR_STOP=1',
		'-v', 'VERBOSITY=verbose', '-h', $self->{host},
		'-p', $self->{port} || 5432, '-U', $self->{user} || 'postgres',
		'-d', $self->{database} || 'postgres');
	$self->{pid} = open3($in, $out, '>&' . fileno($errors), @command);
	$in->autoflush(1);
	@$self{qw(in out errors)} = ($in, $out, $errors);
}

# Run the statements.  Returns true when all of them succeeded; their output
# is left in {rows}, otherwise the error text is left in {error}.
sub run
{
	my ($self, $script) = @_;

	$self->send($script);
	return $self->answer;
}

# The first half of run: hand the statements over.
sub send
{
	my ($self, $script) = @_;

	local $SIG{PIPE} = 'IGNORE';
	$self->connect;
	print { $self->{in} } "$script\n\\echo mark ", ++$self->{marks}, "\n";
}

# The second half: wait until they are through, and return what run returns.
sub answer
{
	my ($self) = @_;
	my @rows;

	# closing a connection that is lost may write to it
	local $SIG{PIPE} = 'IGNORE';
	while (my $line = readline $self->{out})
	{
		chomp $line;
		if ($line eq "mark $self->{marks}")
		{
			$self->{rows} = \@rows;
			return 1;
		}
		push @rows, $line;
	}
	$self->close;
	return 0;
}

sub close
{
	my ($self) = @_;

	return unless $self->{pid};
	close $self->{in};
	waitpid $self->{pid}, 0;
	seek $self->{errors}, 0, 0;
	local $/;
	$self->{error} = readline($self->{errors}) // '';
	delete @$self{qw(pid in out errors)};
}

# What the last error was: 'lost' (no connection any more), a SQLSTATE, or
# 'unknown'.
sub error_kind
{
	my ($self) = @_;
	my $error = $self->{error} // '';

	return 'lost'
	  if $error =~ /server closed the connection|connection to server/
	  || $error =~ /could not (?:send|receive)|terminating connection/
	  || $error =~ /no connection to the server|FATAL:\s+57P0/;
	return $1 if $error =~ /(?:ERROR|FATAL|PANIC):\s+([0-9A-Z]{5}):/;
	return 'unknown';
}

1;
