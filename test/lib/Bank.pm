#
# Bank.pm: transactions that leave a sum as it was, and a book of them.
#
# Three tables, made by Bank::schema:
#
#   accounts   100 for each account at first; transfers move amounts between
#              them, so the sum stays
#   transfers  the book: a row for each transfer, by the same transaction, so
#              each balance is 100 and what the book says of it
#   counters   rows that all sessions count on by upsert, each session in its
#              own place of an array
#
#   my $bank = Bank->new(session => 1, sessions => 4);
#   my ($what, $txn, $script) = $bank->next;
#
# what: pay (a row of the book), mark (adds 1 to the session's marks), none
# (rolled back on purpose), back (rolled back when prepared).  A transaction that finds an account missing fails
# with 40001, as one of READ COMMITTED may that waited for a deletion whose
# transaction inserted the row again.
#
package Bank;

use strict;
use warnings;

use constant ACCOUNTS => 200;
use constant START => 100;
use constant HOT => 4;
use constant SLOTS => 12;

our @tables = qw(accounts transfers counters);

my @levels = ('READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
my @kinds = qw(plain plain locked locked many many again upsert savepoint subtransaction
  prepared none mark mark mark);

sub schema
{
	my ($method, $options) = @_;
	my ($accounts, $start) = (ACCOUNTS, START);

	return <<SQL;
DROP TABLE IF EXISTS accounts, transfers, counters;
CREATE TABLE accounts (time timestamptz NOT NULL, id int PRIMARY KEY, balance bigint NOT NULL,
	note text) USING $method $options;
CREATE TABLE transfers (time timestamptz NOT NULL, session int NOT NULL, txn bigint NOT NULL,
	ids int[] NOT NULL, amounts bigint[] NOT NULL, PRIMARY KEY (session, txn)) USING $method $options;
CREATE TABLE counters (time timestamptz NOT NULL, slot int PRIMARY KEY, marks bigint[] NOT NULL)
	USING $method $options;
INSERT INTO accounts SELECT '2026-01-01'::timestamptz + (id % 3) * interval '1 day', id, $start,
	'opened' FROM generate_series(1, $accounts) id;
CREATE OR REPLACE FUNCTION need(rows bigint, wanted bigint) RETURNS void LANGUAGE plpgsql AS \$\$
BEGIN
	IF rows <> wanted THEN
		RAISE EXCEPTION '% of % rows', found, wanted USING ERRCODE = '40001';
	END IF;
END \$\$;
SQL
}

# new: session, sessions, txn (the last number before the first)
sub new
{
	my ($class, %option) = @_;
	return bless { txn => 0, %option }, $class;
}

sub next
{
	my ($self) = @_;
	my $kind = $kinds[ rand @kinds ];
	my $txn = ++$self->{txn};
	my $begin = 'BEGIN ISOLATION LEVEL ' . $levels[ rand @levels ] . ";\n";
	my $method = $self->can("script_$kind");

	return ('mark', $txn, $begin . $self->script_mark . "COMMIT;\n") if $kind eq 'mark';
	my @accounts = pick_accounts($kind eq 'many' ? 2 + int rand 4 : 2);
	my @amounts = map { int(rand 50) - 25 } 2 .. @accounts;
	push @amounts, 0;
	$amounts[-1] -= $_ foreach @amounts[ 0 .. $#amounts - 1 ];
	my $body = $self->$method(\@accounts, \@amounts) . $self->book(\@accounts, \@amounts);
	my $name = "'bank $self->{session} $txn'";
	return ('none', $txn, "$begin${body}ROLLBACK;\n") if $kind eq 'none' && rand() < 0.5;
	return ('back', $txn, "$begin${body}PREPARE TRANSACTION $name;\nROLLBACK PREPARED $name;\n")
	  if $kind eq 'none';
	return ('pay', $txn, "$begin${body}PREPARE TRANSACTION $name;\nCOMMIT PREPARED $name;\n")
	  if $kind eq 'prepared';
	return ('pay', $txn, "$begin${body}COMMIT;\n");
}

# Different accounts, as a rule in order.
sub pick_accounts
{
	my ($n) = @_;
	my %picked;

	$picked{ 1 + int rand(rand() < 0.3 ? HOT : ACCOUNTS) } = 1 while keys %picked < $n;
	my @accounts = sort { $a <=> $b } keys %picked;
	return rand() < 0.05 ? reverse @accounts : @accounts;
}

sub book
{
	my ($self, $accounts, $amounts) = @_;
	local $" = ',';
	return 'INSERT INTO transfers VALUES '
	  . "('2026-01-01'::timestamptz + $self->{txn} * interval '1 minute', $self->{session}, "
	  . "$self->{txn}, '{@$accounts}', '{@$amounts}');\n";
}

sub change
{
	my ($id, $amount) = @_;
	return "WITH changed AS (UPDATE accounts SET balance = balance + ($amount) WHERE id = $id "
	  . "RETURNING 1) SELECT need(count(*), 1) FROM changed;\n";
}

sub script_plain
{
	my ($self, $accounts, $amounts) = @_;
	return join '', map { change($accounts->[$_], $amounts->[$_]) } 0 .. $#$accounts;
}

sub script_locked
{
	my ($self, $accounts, $amounts) = @_;
	my $strength = ('UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE')[ rand 4 ];
	local $" = ',';
	return "SELECT need(count(*), " . @$accounts . ') FROM (SELECT FROM accounts '
	  . "WHERE id IN (@$accounts) ORDER BY id FOR $strength) locked;\n"
	  . $self->script_plain($accounts, $amounts);
}

sub script_many
{
	my ($self, $accounts, $amounts) = @_;
	my $list = join ', ', map { "($accounts->[$_], $amounts->[$_])" } 0 .. $#$accounts;
	return "WITH changed AS (UPDATE accounts a SET balance = balance + d.amount "
	  . "FROM (VALUES $list) d(id, amount) WHERE a.id = d.id RETURNING 1) "
	  . 'SELECT need(count(*), ' . @$accounts . ") FROM changed;\n";
}

# Delete the first and insert it again; by one statement or by two.
sub script_again
{
	my ($self, $accounts, $amounts) = @_;
	my ($id, $amount) = ($accounts->[0], $amounts->[0]);
	my $again = rand() < 0.5
	  ? "WITH gone AS (DELETE FROM accounts WHERE id = $id RETURNING *), again AS "
	  . "(INSERT INTO accounts SELECT time, id, balance + ($amount), 'again' FROM gone RETURNING 1) "
	  . "SELECT need(count(*), 1) FROM again;\n"
	  : "WITH locked AS (SELECT FROM accounts WHERE id = $id FOR UPDATE) "
	  . "SELECT need(count(*), 1) FROM locked;\n"
	  . "SELECT time AS t, balance AS b FROM accounts WHERE id = $id \\gset\n"
	  . "DELETE FROM accounts WHERE id = $id;\n"
	  . "INSERT INTO accounts VALUES (:'t', $id, :b + ($amount), 'again');\n";
	return $again . change($accounts->[1], $amounts->[1]);
}

sub script_upsert
{
	my ($self, $accounts, $amounts) = @_;
	my $list = join ', ',
	  map { "('2026-01-01'::timestamptz, $accounts->[$_], $amounts->[$_], 'upsert')" } 0 .. $#$accounts;
	return "INSERT INTO accounts VALUES $list ON CONFLICT (id) "
	  . "DO UPDATE SET balance = accounts.balance + excluded.balance;\n";
}

# What a savepoint takes back must leave no trace.
sub script_savepoint
{
	my ($self, $accounts, $amounts) = @_;
	my @wrong = (
		"UPDATE accounts SET balance = balance + 1000000 WHERE id = $accounts->[0];\n",
		"DELETE FROM accounts WHERE id = $accounts->[0];\n",
		"SELECT FROM accounts WHERE id = $accounts->[0] FOR UPDATE;\n",
		"INSERT INTO counters VALUES ('2026-01-01', 1, '{}') "
		  . "ON CONFLICT (slot) DO UPDATE SET marks = '{}';\n");
	my $changes = $self->script_plain($accounts, $amounts);
	my $wrong = "SAVEPOINT s;\n" . $wrong[ rand @wrong ] . "ROLLBACK TO s;\n";
	return rand() < 0.5 ? $wrong . $changes : $changes . $wrong;
}

sub script_subtransaction
{
	my ($self, $accounts, $amounts) = @_;
	return join '', map
	{
		"SAVEPOINT s$_;\n" . change($accounts->[$_], $amounts->[$_]) . "RELEASE s$_;\n"
	} 0 .. $#$accounts;
}

sub script_prepared
{
	my ($self, @rest) = @_;
	my $method = $self->can((qw(script_plain script_locked script_many script_upsert))[ rand 4 ]);
	return $self->$method(@rest);
}

sub script_none
{
	my ($self, @rest) = @_;
	my $method = $self->can((qw(script_plain script_many script_again script_upsert))[ rand 4 ]);
	return $self->$method(@rest);
}

sub script_mark
{
	my ($self) = @_;
	my $slot = 1 + int rand SLOTS;
	my $place = $self->{session};
	my $marks = join ',', map { $_ == $place ? 1 : 0 } 1 .. $self->{sessions};

	return "INSERT INTO counters VALUES ('2026-01-01'::timestamptz + $slot * interval '1 hour', "
	  . "$slot, '{$marks}') ON CONFLICT (slot) DO UPDATE "
	  . "SET marks[$place] = counters.marks[$place] + 1;\n";
}

# ---------- what must hold, at any time ----------

# Settings under which the same question is answered in different ways.
sub way
{
	my ($custom, $seqscan, $index) = map { $_ ? 'on' : 'off' } @_;
	return "SET LOCAL enable_seqscan = $seqscan; SET LOCAL enable_bitmapscan = off; "
	  . "SET LOCAL enable_indexscan = $index; SET LOCAL enable_indexonlyscan = $index; "
	  . "SET LOCAL rusts.enable_custom_scan = $custom;";
}

our %ways = ('by aggregate' => way(1, 1, 1), 'by rows' => way(0, 1, 0), 'by index' => way(0, 0, 1));

# Each query has no row if all is well.
our %checks = (
	'the sum of balances' => 'SELECT count(*), sum(balance) FROM accounts WHERE id > 0 HAVING '
	  . '(count(*), sum(balance)) <> (' . ACCOUNTS . ', ' . ACCOUNTS * START . ')',
	'an account twice' => 'SELECT id, count(*) FROM accounts WHERE id > 0 GROUP BY 1 HAVING count(*) > 1',
	'a counter twice' => 'SELECT slot, count(*) FROM counters WHERE slot > 0 GROUP BY 1 HAVING count(*) > 1',
	'a transfer twice' => 'SELECT session, txn, count(*) FROM transfers WHERE session > 0 '
	  . 'GROUP BY 1, 2 HAVING count(*) > 1',
	'balances against the book' => 'SELECT id, a.balance, b.amount FROM accounts a FULL JOIN '
	  . '(SELECT id, sum(amount) AS amount FROM transfers, unnest(ids, amounts) u(id, amount) '
	  . 'WHERE session > 0 GROUP BY id) b USING (id) '
	  . 'WHERE a.balance IS DISTINCT FROM ' . START . ' + coalesce(b.amount, 0)');

# A transaction that makes all checks under one snapshot, in the ways given; its
# rows are what is wrong.  After each way it does what else is given.
sub check_script
{
	my ($ways, $between) = @_;
	my $script = "BEGIN ISOLATION LEVEL REPEATABLE READ;\n";

	foreach my $way (@$ways)
	{
		$script .= "$ways{$way}\n";
		$script .= "SELECT '$_ ($way)', x FROM ($checks{$_}) x;\n" foreach sort keys %checks;
		$script .= $between // '';
	}
	return "${script}COMMIT;\n";
}

# A row for each session: its number and its marks.
sub marks_query
{
	return "SELECT place, sum(n) FROM counters, unnest(marks) WITH ORDINALITY m(n, place) "
	  . 'GROUP BY 1 ORDER BY 1';
}

1;
