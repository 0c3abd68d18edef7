#
# Load.pm: the processes that keep the server busy until it dies.
#
# A writer's transaction number decides what it does, so a ledger line is
# enough to know what must be in the table.  The ledger has two lines for each
# transaction, before it is sent and after it was acknowledged:
#
#     try OPERATION TXN ROWS TARGET      ack ...the same...
#
# OPERATION: insert (TXN with ROWS rows), abort (rolled back on purpose),
# update (adds 1 to ver in all rows of TARGET), delete (all rows of TARGET).
#
package Load;

use strict;
use warnings;

use IO::Handle;
use Time::HiRes qw(sleep);

use Client;

# What a loaded server may answer without being wrong: serialization and
# deadlock, features that a segment row does not have yet, a lock not
# available, shutting down, an object dropped by the next round.
my %tolerated = map { $_ => 1 }
  qw(lost 40001 40P01 0A000 55P03 57P01 57P02 57P03 57014);

my @writer_operations =
  qw(rows rows copy statements abort savepoint prepared update delete rows);

# start KIND, NUMBER, OPTIONS: fork a process of that kind; returns its pid.
sub start
{
	my ($kind, $number, %option) = @_;
	my $pid = fork // die "fork: $!";

	return $pid if $pid;
	srand $option{seed} * 1000 + $number;
	my $self = bless {
		%option,
		number => $number,
		client => Client->new(
			bindir => $option{bindir}, host => $option{host}),
		acked => []
	}, __PACKAGE__;
	open $self->{ledger}, '>>', "$option{ledger_dir}/$number"
	  or die "$option{ledger_dir}/$number: $!";
	$self->{ledger}->autoflush(1);
	$self->{txn} = $option{first_txn};
	my $step = $self->can("step_$kind");
	1 while $self->$step();
	exit 0;
}

sub ledger
{
	my ($self, @fields) = @_;
	print { $self->{ledger} } join(' ', @fields), "\n";
}

# Run a script that nobody keeps a ledger of.  False ends the process.
sub background
{
	my ($self, $script) = @_;

	return 1 if $self->{client}->run($script);
	return $self->survives;
}

# Is the server still there after an error?  An error nobody expected goes
# into the ledger, where the checks of this round find it.
sub survives
{
	my ($self) = @_;
	my $kind = $self->{client}->error_kind;

	return 0 if $kind eq 'lost';
	$self->ledger('error', $self->{client}{error} =~ s/\s+/ /gr)
	  unless $tolerated{$kind};
	return 1;
}

sub transaction
{
	my ($self, $script, @fields) = @_;

	$self->ledger('try', @fields);
	if ($self->{client}->run($script))
	{
		$self->ledger('ack', @fields);
		return 1;
	}
	return 0;
}

# SELECT of the rows of a transaction.
sub rows
{
	my ($self, $k, $from) = @_;
	$from ||= 1;
	my $to = $from + $k - 1;

	return "SELECT '2026-01-01'::timestamptz + ($self->{txn} * 10 + g) * "
	  . "interval '1 second', $self->{number}, $self->{txn}, g, $k, 0, "
	  . "round((g * 0.37 + $self->{txn})::numeric, 2), "
	  . "repeat('x', (g * 7919 % 50)::int) FROM generate_series($from, $to) g";
}

sub step_writer
{
	my ($self) = @_;
	my $txn = ++$self->{txn};
	my $k = 1 + $txn * 7919 % 20;
	my $operation = $writer_operations[ $txn % @writer_operations ];
	my $method = $self->can("write_$operation");
	my $target = $self->{acked}[ rand @{ $self->{acked} } ];

	if ($operation eq 'update' || $operation eq 'delete')
	{
		return 1 unless defined $target;
		return $self->survives_or_next($self->$method($target), 0);
	}
	return $self->survives_or_next($self->$method($txn, $k),
		$operation eq 'abort' ? 0 : $txn);
}

sub survives_or_next
{
	my ($self, $done, $inserted) = @_;

	if ($done)
	{
		push @{ $self->{acked} }, $inserted if $inserted;
		shift @{ $self->{acked} } if @{ $self->{acked} } > 10;
		return 1;
	}
	return $self->survives;
}

sub write_rows
{
	my ($self, $txn, $k) = @_;
	return $self->transaction('INSERT INTO metrics ' . $self->rows($k) . ';',
		'insert', $txn, $k, 0);
}

sub write_copy
{
	my ($self, $txn, $k) = @_;
	my $lines = join '', map {
		sprintf "2026-01-02 %02d:%02d:%02d+00\t%d\t%d\t%d\t%d\t0\t%d.25\tcopied\n",
		  $_ / 3600 % 24, $_ / 60 % 60, $_ % 60, $self->{number}, $txn, $_, $k, $_
	} 1 .. $k;
	return $self->transaction("COPY metrics FROM STDIN;\n$lines\\.\n",
		'insert', $txn, $k, 0);
}

sub write_statements
{
	my ($self, $txn, $k) = @_;
	my $script = join '', map {
		"INSERT INTO metrics VALUES ('2026-01-03 01:02:03+00', "
		  . "$self->{number}, $txn, $_, $k, 0, $_ / 3.0, NULL);\n"
	} 1 .. $k;
	return $self->transaction("BEGIN;\n${script}COMMIT;", 'insert', $txn, $k, 0);
}

sub write_abort
{
	my ($self, $txn, $k) = @_;
	return $self->transaction(
		'BEGIN; INSERT INTO metrics ' . $self->rows($k) . '; ROLLBACK;',
		'abort', $txn, $k, 0);
}

sub write_savepoint
{
	my ($self, $txn, $k) = @_;
	return $self->transaction(
		'BEGIN; INSERT INTO metrics '
		  . $self->rows($k)
		  . '; SAVEPOINT s; INSERT INTO metrics '
		  . $self->rows(5, 1001)
		  . '; ROLLBACK TO s; COMMIT;',
		'insert', $txn, $k, 0);
}

sub write_prepared
{
	my ($self, $txn, $k) = @_;
	my $name = "$self->{number}_$txn";
	return $self->transaction(
		'BEGIN; INSERT INTO metrics '
		  . $self->rows($k)
		  . "; PREPARE TRANSACTION '$name'; COMMIT PREPARED '$name';",
		'insert', $txn, $k, 0);
}

sub write_update
{
	my ($self, $target) = @_;
	return $self->transaction(
		"UPDATE metrics SET ver = ver + 1 WHERE writer = $self->{number} "
		  . "AND txn = $target;",
		'update', $self->{txn}, 0, $target);
}

sub write_delete
{
	my ($self, $target) = @_;
	@{ $self->{acked} } = grep { $_ != $target } @{ $self->{acked} };
	return $self->transaction(
		"DELETE FROM metrics WHERE writer = $self->{number} "
		  . "AND txn = $target;",
		'delete', $self->{txn}, 0, $target);
}

# Large enough for the bulk path, by statement and by COPY in turn.
sub step_bulk
{
	my ($self) = @_;
	my $txn = ++$self->{txn};
	my $k = 5000 + int rand 30000;

	return 1 if $txn % 2 ? $self->write_rows($txn, $k) : $self->write_copy($txn, $k);
	return $self->survives;
}

sub step_flush
{
	my ($self) = @_;
	sleep rand 0.1;
	return $self->background("SELECT rusts.flush('metrics');");
}

sub step_maintenance
{
	my ($self) = @_;
	my @work = ('VACUUM metrics;', 'CHECKPOINT;', 'ANALYZE metrics;',
		'VACUUM (FREEZE) metrics;', 'VACUUM (INDEX_CLEANUP ON) metrics;');
	push @work, "SELECT rusts.compact('metrics');" if $self->{compact};
	sleep rand 0.2;
	return $self->background($work[ rand @work ]);
}

# A statement sees a transaction's rows all or not at all, whatever runs.
sub step_reader
{
	my ($self) = @_;
	my $torn = 'SELECT count(*) FROM (SELECT FROM metrics GROUP BY writer, txn '
	  . 'HAVING count(*) <> max(k)) torn;';

	return $self->survives unless $self->{client}->run($torn);
	my $count = $self->{client}{rows}[0];
	$self->ledger('error', "a reader saw $count torn transactions")
	  if $count ne '0';
	sleep 0.05;
	return 1;
}

1;
