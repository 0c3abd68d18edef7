# Sides.pm: the sessions of both sides, moved on one process at a time.
#
#   my $sides = Sides->new(heap => SCHEMA, rusts => SCHEMA, log => FILE, ...);
#   $sides->send($i, SQL) for as many sessions as are idle; $sides->settle;
#   then each session of each side is idle or blocked
#
# When is a session blocked?  When its process waits for a lock and has looked
# for a deadlock.  deadlock_timeout is 1 ms, so it looks soon, and then writes
# "process N still waiting" to the log.  The process is then stopped (SIGSTOP).
# It sleeps in the lock manager at that moment and holds no lock of less than a
# transaction's length, so that nobody waits for it who would not anyway.
#
# A step may hand locks to several sessions at once, and on any server the
# system's scheduler decides which of them gets on first.  Here it is the one
# that has waited longest: it is let go (SIGCONT) and has to finish or wait
# again before the next one is.  So each side has one process that runs, what
# it finds does not depend on chance, and the one that finds a deadlock is the
# one that has begun to wait last.
#
package Sides;

use strict;
use warnings;

use Time::HiRes qw(time);

use Connection;

use constant {
	PATIENCE => 0.0007,    # seconds between looks at the log
	STUCK    => 60,        # seconds after which a statement is not coming back
};

sub new
{
	my ($class, %option) = @_;
	my $self = bless {%option, lines => [], log_offset => 0, log_rest => ''}, $class;

	open $self->{log_file}, '<', $self->{log} or die "$self->{log}: $!\n";
	seek $self->{log_file}, 0, 2;
	$self->{monitor} = $self->open_line;
	$self->must($self->{monitor}, 'PREPARE blockers AS SELECT pid, '
		  . q{array_to_string(pg_blocking_pids(pid), ' ') FROM unnest($1::int[]) pid});
	foreach my $i (0 .. $option{sessions} - 1)
	{
		$self->{lines}[$_][$i] = $self->open_line foreach 0, 1;
	}
	$self->{of_pid} = { map { $_->{pid} => $_ } $self->all };
	return $self;
}

sub open_line
{
	my ($self) = @_;
	return Connection->new(path => "$ENV{PGHOST}/.s.PGSQL." . ($ENV{PGPORT} || 5432),
		user => $ENV{PGUSER}, database => 'postgres');
}

# A statement that cannot fail, on any connection.
sub must
{
	my ($self, $line, $sql) = @_;
	my $answer = $line->ask($sql);
	die "$sql: $answer\n" if $answer =~ /^ERROR/;
	return $answer;
}

sub line
{
	my ($self, $side, $i) = @_;
	return $self->{lines}[$side][$i];
}

sub pair
{
	my ($self, $i) = @_;
	return map { $self->{lines}[$_][$i] } 0, 1;
}

sub all
{
	my ($self) = @_;
	return map { @$_ } @{ $self->{lines} };
}

# ---------- until nobody runs any more ----------

# Returns false when a statement neither ends nor waits for a lock.  That some
# session has got its lock is looked for if a lock may have been released.
sub settle
{
	my ($self, $released) = @_;
	my @running = grep { $_->{doing} eq 'running' } $self->all;
	my $started = time;

	while (1)
	{
		while (@running)
		{
			$self->look_for_blocked(@running) unless $self->take_answers(@running);
			$released ||= grep { may_have_released($_) } @running;
			@running = grep { $_->{doing} eq 'running' } @running;
			return 0 if @running && time > $started + STUCK;
		}
		@running = $released ? $self->wake_next : () or return 1;
	}
}

# One that went through at once and goes on with its transaction holds what it
# held before.
sub may_have_released
{
	my ($line) = @_;
	return $line->{doing} eq 'blocked'
	  || $line->{doing} eq 'idle'
	  && ($line->{xact} ne 'T' || $line->{waited} || $line->{sql} =~ /^ROLLBACK TO/);
}

# Read from the sockets that have something; false: none has, for a moment.
sub take_answers
{
	my ($self, @lines) = @_;
	my $bits = '';

	vec($bits, fileno $_->{socket}, 1) = 1 foreach @lines;
	return 0 unless select($bits, undef, undef, PATIENCE) > 0;
	foreach my $line (grep { vec $bits, fileno $_->{socket}, 1 } @lines)
	{
		$line->take;
	}
	return 1;
}

# Who waits is in the log.  The lock manager confirms it, because the wait may
# be over, and the log once more, because it may have been another one.
sub look_for_blocked
{
	my ($self, @lines) = @_;

	$self->read_log;
	my @waiting = grep { $_->{in_log} } @lines or return;
	my $blockers = $self->blockers(@waiting);
	$self->read_log;
	$_->block foreach grep { $_->{in_log} && $blockers->{ $_->{pid} } ne '' } @waiting;
}

# Let go, on each side, the one that has waited longest of those that have got
# their lock.
sub wake_next
{
	my ($self) = @_;
	my @blocked = grep { $_->{doing} eq 'blocked' } $self->all or return;
	my $blockers = $self->blockers(@blocked);
	my @next;

	foreach my $side (0, 1)
	{
		my @free = grep { $_->{doing} eq 'blocked' && $blockers->{ $_->{pid} } eq '' }
		  @{ $self->{lines}[$side] } or next;
		my ($first) = sort { $a->{turn} <=> $b->{turn} } @free;
		$first->wake;
		push @next, $first;
	}
	return @next;
}

# For each process, those it waits for; '' when it does not wait.
sub blockers
{
	my ($self, @lines) = @_;
	my $pids = join ',', map { $_->{pid} } @lines;
	my %blockers = map { /^(\d+)\|(.*)/ } split /\n/,
	  $self->must($self->{monitor}, "EXECUTE blockers('{$pids}')");
	$self->{blocked_by}{$_} = $blockers{$_} foreach keys %blockers;
	return \%blockers;
}

# ---------- the server's log ----------

sub read_log
{
	my ($self) = @_;

	while (sysread $self->{log_file}, $self->{log_rest}, 65536, length $self->{log_rest})
	{
		while ($self->{log_rest} =~ s/^(.*)\n//)
		{
			$self->log_line($1);
		}
	}
}

sub log_line
{
	my ($self, $line) = @_;

	if ($line =~ /^LOG:  process (\d+) (still waiting|acquired|failed)/)
	{
		my $waiter = $self->{of_pid}{$1};
		$waiter->{in_log} = $2 eq 'still waiting' if $waiter;
	}
	elsif ($line =~ /was terminated by signal|TRAP:|PANIC:/)
	{
		push @{ $self->{crashes} }, $line;
	}
}

# ---------- ends ----------

# End the statements of sessions that are blocked.
sub cancel
{
	my ($self, @lines) = @_;
	$_->cancel foreach grep { $_->{doing} eq 'blocked' } @lines;
	return $self->settle;
}

sub close
{
	my ($self) = @_;
	$_->terminate foreach grep { defined } $self->all, $self->{monitor};
}

1;
