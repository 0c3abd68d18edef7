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
# update (adds 1 to ver in all rows of TARGET), delete (all rows of TARGET),
# drop (rows of TARGET that retention may take, or, when acknowledged, has
# taken).  Those of Bank.pm, which is about tables of its own: pay, mark, none,
# back.
#
# A writer changes rows of its own alone, so nothing but the kill is in its way:
# a flush or a compaction is not a change.  Only transactions of Bank.pm meet
# each other.
#
package Load;

use strict;
use warnings;

use IO::Handle;
use Time::HiRes qw(sleep);

use Bank;
use Client;

# What a loaded server may answer without being wrong: it is shutting down.
my %tolerated = map { $_ => 1 } qw(lost 57P01 57P02 57P03 57014);

# And to those who meet others: serialization, deadlock.
# (a heap's ANALYZE deadlocks with CREATE INDEX CONCURRENTLY, too).
my %tolerated_of = map { $_ => { '40001' => 1, '40P01' => 1 } } qw(bank index maintenance);

my @writer_operations = qw(rows copy statements abort savepoint prepared update lock
  replace upsert back update_prepared abort_update delete rows);

# Acknowledged transactions that a writer goes on changing.
use constant TARGETS => 40;

my @tables = ('metrics', @Bank::tables);

my $asked_to_end = 0;

# start KIND, NUMBER, OPTIONS: fork a process of that kind; returns its pid.  It
# ends when it loses the server, or after the step that SIGUSR1 comes in.
sub start
{
	my ($kind, $number, %option) = @_;
	my $pid = fork // die "fork: $!";

	return $pid if $pid;
	$SIG{USR1} = sub { $asked_to_end = 1 };
	srand $option{seed} * 1000 + $number;
	my $self = bless {
		%option,
		kind => $kind,
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
	1 while !$asked_to_end && $self->$step();
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
	  unless $tolerated{$kind} || $tolerated_of{ $self->{kind} }{$kind};
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

	if ($operation =~ /^(?:update|lock|replace|upsert|back|abort_update|delete)/)
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
		shift @{ $self->{acked} } if @{ $self->{acked} } > TARGETS;
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

# A condition on the rows of a transaction, and what adds 1 to them.
sub of_target
{
	my ($self, $target) = @_;
	return "WHERE writer = $self->{number} AND txn = $target";
}

sub set_version
{
	my ($self, $target) = @_;
	return 'UPDATE metrics SET ver = ver + 1 ' . $self->of_target($target) . ';';
}

sub change
{
	my ($self, $target, $script) = @_;
	return $self->transaction($script, 'update', $self->{txn}, 0, $target);
}

sub begin
{
	return 'BEGIN ISOLATION LEVEL ' . (rand() < 0.5 ? 'READ COMMITTED' : 'REPEATABLE READ') . '; ';
}

sub write_update
{
	my ($self, $target) = @_;
	return $self->change($target, $self->set_version($target));
}

sub write_lock
{
	my ($self, $target) = @_;
	my $strength = ('UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE')[ rand 4 ];
	return $self->change($target,
		begin() . 'SELECT FROM metrics ' . $self->of_target($target) . " FOR $strength; "
		  . $self->set_version($target) . ' COMMIT;');
}

# Delete the rows and insert them again.
sub write_replace
{
	my ($self, $target) = @_;
	return $self->change($target,
		'WITH gone AS (DELETE FROM metrics ' . $self->of_target($target) . ' RETURNING *) '
		  . 'INSERT INTO metrics SELECT time, writer, txn, seq, k, ver + 1, v, note FROM gone;');
}

sub write_upsert
{
	my ($self, $target) = @_;
	return $self->change($target,
		'INSERT INTO metrics SELECT * FROM metrics ' . $self->of_target($target)
		  . ' ON CONFLICT (writer, txn, seq) DO UPDATE SET ver = metrics.ver + 1;');
}

# What a savepoint takes back leaves no trace.
sub write_back
{
	my ($self, $target) = @_;
	my $wrong = rand() < 0.5
	  ? 'DELETE FROM metrics ' . $self->of_target($target) . ';'
	  : $self->set_version($target);
	return $self->change($target,
		begin() . "SAVEPOINT s; $wrong ROLLBACK TO s; " . $self->set_version($target) . ' COMMIT;');
}

sub write_update_prepared
{
	my ($self, $target) = @_;
	my $name = "$self->{number}_$self->{txn}";
	return $self->change($target,
		begin() . $self->set_version($target)
		  . " PREPARE TRANSACTION '$name'; COMMIT PREPARED '$name';");
}

# Nothing is to be seen of it, so the ledger does not know it.
sub write_abort_update
{
	my ($self, $target) = @_;
	return $self->{client}->run(begin() . $self->set_version($target)
		  . ' DELETE FROM metrics ' . $self->of_target($target) . '; ROLLBACK;');
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

# Transfers and counters; those of several processes meet.
sub step_bank
{
	my ($self) = @_;
	$self->{bank} ||= Bank->new(session => $self->{number}, sessions => $self->{sessions},
		txn => $self->{txn});
	my ($what, $txn, $script) = $self->{bank}->next;

	return 1 if $self->transaction($script, $what, $txn, 0, 0);
	return $self->survives;
}

# Rows that are old: dropped by drop_chunks, a window for each transaction, or
# by the maintenance worker, because rusts.drop_after says so.
sub step_old
{
	my ($self) = @_;
	my $txn = ++$self->{txn};
	my $k = 1 + $txn * 7919 % 600;
	my $by_worker = $txn % 3 == 0;
	my $from = $by_worker ? '1990-01-01' : '2001-01-01';
	my $day = "'$from'::timestamptz + interval '1 day' * "
	  . (int($self->{first_txn} / 1_000_000) % 8 * 300 + $txn % 300);
	my $rows = "INSERT INTO metrics SELECT $day + g * interval '1 second', $self->{number}, $txn, "
	  . "g, $k, 0, g, 'old' FROM generate_series(1, $k) g;";

	$self->ledger('try', 'drop', $txn, $k, $txn) if $by_worker;
	return $self->survives unless $self->transaction($rows, 'insert', $txn, $k, 0);
	return $self->survives
	  unless $txn % 2 || $self->change($txn, $self->set_version($txn));
	return 1 if $by_worker || $txn % 5 == 0;
	sleep rand 0.1;
	return $self->drop($txn, $k, $day);
}

# Segments that somebody removes at the same time stay, so only what is seen to
# be gone is acknowledged.
sub drop
{
	my ($self, $txn, $k, $day) = @_;
	my $client = $self->{client};

	$self->ledger('try', 'drop', $txn, $k, $txn);
	return $self->survives
	  unless $client->run("SELECT drop_chunks('metrics', newer_than => $day, "
		  . "older_than => $day + interval '1 day');")
	  && $client->run('SELECT count(*) FROM metrics ' . $self->of_target($txn) . ';');
	$self->ledger('ack', 'drop', $txn, $k, $txn) if $client->{rows}[0] eq '0';
	return 1;
}

sub any_table { return $tables[ rand @tables ]; }

sub step_flush
{
	my ($self) = @_;
	sleep rand 0.1;
	return $self->background("SELECT rusts.flush('" . any_table() . "');");
}

sub step_compact
{
	my ($self) = @_;
	my $full = rand() < 0.5 ? 'true' : 'false';
	sleep rand 0.1;
	return $self->background("SELECT rusts.compact('" . any_table() . "', $full);");
}

sub step_maintenance
{
	my ($self) = @_;
	my @work = map { "$_ " . any_table() . ';' }
	  ('VACUUM', 'VACUUM', 'ANALYZE', 'VACUUM (FREEZE)', 'VACUUM (INDEX_CLEANUP ON)');
	push @work, 'CHECKPOINT;';
	sleep rand 0.2;
	return $self->background($work[ rand @work ]);
}

# What was cut off leaves an index that is not valid.
sub step_index
{
	my ($self) = @_;
	my ($name, $on) = @{ (
			[ 'extra_txn', 'metrics (txn, ver)' ],
			[ 'extra_key', 'metrics (seq, writer, txn)', 'UNIQUE' ],
			[ 'extra_balance', 'accounts (balance, id)' ],
			[ 'extra_slot', 'counters (slot)', 'UNIQUE' ]
		)[ rand 4 ] };
	my $unique = $name =~ /key|slot/ ? 'UNIQUE' : '';

	sleep rand 0.3;
	return $self->background("DROP INDEX CONCURRENTLY IF EXISTS $name;\n"
		  . "CREATE $unique INDEX CONCURRENTLY $name ON $on;");
}

# A statement sees a transaction's rows all or not at all, whatever runs; those
# that retention takes piece by piece aside.
sub step_reader
{
	my ($self) = @_;
	my @ways = sort keys %Bank::ways;
	my $torn = "SELECT writer, txn, count(*), max(k) FROM metrics WHERE time > '2020-01-01' "
	  . 'GROUP BY writer, txn HAVING count(*) <> max(k) OR min(ver) <> max(ver) LIMIT 5;';
	my $bank = Bank::check_script([ $ways[ rand @ways ] ]);

	foreach my $script ($torn, $bank)
	{
		return $self->survives unless $self->{client}->run($script);
		my @wrong = @{ $self->{client}{rows} };
		$self->ledger('error', "a reader saw @wrong") if @wrong;
	}
	sleep 0.05;
	return 1;
}

1;
