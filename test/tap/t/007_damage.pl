# 007_damage.pl: bytes of segments are damaged while the server is down.
#
# After it every statement gives the right answer or an error with a SQLSTATE
# of corruption, and the server lives.  Data checksums are off: those of the
# chunks are under test.
#
# Each round damages one place in each of some equal tables, starts the server,
# asks all questions of all tables, stops it and puts the saved files back.  What
# is in a chunk and its key is covered by the checksum, and then the segment must
# be named and the others must stay readable.  Tuple headers, line pointers and
# page headers are PostgreSQL's own, without a checksum of ours: a row of the
# directory may disappear by them, as a row of a heap may, and the answers are
# those without its segment.
#
#   SEED=n ROUNDS=n   another sequence, another length
use strict;
use warnings;

use File::Copy;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RustsTest;
use Version qw($MAJOR);

my $rounds = $ENV{ROUNDS} || 12;
my $seed = $ENV{SEED} || 20260101;
my @tables = map { ("lz4_$_", "zstd_$_") } 1 .. 4;
my @days = map { "2026-01-0$_" } 1 .. 3;
my $page_size = 8192;
my $payload_size = 8096;

srand $seed;
note "seed $seed";

# our checks are meant, not those of pages, which initdb turns on from 18 on
my $node = new_node('main', $MAJOR >= 18 ? (extra => ['--no-data-checksums']) : ());
$node->append_conf('postgresql.conf', <<'CONF');
autovacuum = off
timezone = 'UTC'
statement_timeout = '60s'
max_parallel_workers_per_gather = 0
CONF
$node->start;
is($node->safe_psql('postgres', 'SHOW data_checksums'),
	'off', 'no data checksums');

# ---------- tables and questions ----------

my $all_rows = "md5(string_agg(md5(ROW(x.*)::text), '' ORDER BY time, host))";
my @by_rows = (
	'SET rusts.enable_custom_scan = off', 'SET enable_seqscan = off',
	'SET enable_bitmapscan = off');
my @questions = (
	[ count => 'SELECT count(*) FROM %s' ],
	[ metadata => 'SELECT min(time), max(time), sum(n), min(n), max(v), sum(v), count(d) FROM %s' ],
	[ groups => 'SELECT host, count(*), sum(n), min(v), max(v), sum(n + 1) FROM %s GROUP BY host ORDER BY host' ],
	[ buckets => "SELECT date_trunc('hour', time), avg(v), max(d) FROM %s GROUP BY 1 ORDER BY 1" ],
	[ newest => 'SELECT * FROM %s ORDER BY time DESC LIMIT 20' ],
	[ oldest => 'SELECT time, n, note FROM %s ORDER BY time LIMIT 5' ],
	[ last_points => 'SELECT DISTINCT ON (host) host, time, v FROM %s ORDER BY host, time DESC' ],
	[ one_host => "SELECT count(*), sum(n), count(note) FROM %s WHERE host = 'host_3'" ],
	[ some_values => 'SELECT count(*), sum(v), min(payload) FROM %s WHERE v > 700 AND n %% 3 = 1' ],
	[ some_text => "SELECT note, count(*), max(d) FROM %s WHERE note LIKE 'note 1%%' GROUP BY note ORDER BY note" ],
	[ some_docs => 'SELECT count(*), min(doc), sum(length(doc)) FROM %s WHERE n %% 100 = 7' ],
	[ no_note => 'SELECT count(*), sum(n) FROM %s WHERE note IS NULL' ],
	[ rows => "SELECT count(*), $all_rows FROM %s x" ],
	(map { [ $_ => "SELECT count(*), $all_rows FROM %s x WHERE time >= '$_' AND time < '$_'::timestamptz + interval '1 day'" ] }
		@days, '2026-01-04'),
	[ by_index => 'SELECT * FROM %s WHERE n IN (77, 3333, 8001, 11999) ORDER BY n', @by_rows ],
	[ row_by_row => "SELECT count(*), $all_rows FROM %s x", $by_rows[0] ],
	[ in_parallel => "SELECT count(*), $all_rows FROM %s x", 'SET max_parallel_workers_per_gather = 2',
		'SET parallel_setup_cost = 0', 'SET min_parallel_table_scan_size = 0' ],
	[ analyze => 'ANALYZE %s' ],
	[ cluster => 'CLUSTER %s USING %1$s_n_idx', 'BEGIN' ],
	[ clustered => "SELECT count(*), $all_rows FROM %s x" ],
	[ segments => "SELECT count(*) - count(*) FROM pg_class c, rusts.segments(c.oid) WHERE relname = '%s' AND relkind = 'r'", 'ROLLBACK' ],
	[ insert => "INSERT INTO %s SELECT '2026-03-01'::timestamptz + g * interval '1 s', 'new', g FROM generate_series(1, 50) g" ],
	[ flush => "SELECT 150 - rusts.flush(oid) FROM pg_class WHERE relname = '%s' AND relkind = 'r'" ],
	[ inserted => "SELECT count(*), sum(n) FROM %s WHERE time >= '2026-02-01'" ],
	[ verify => "SELECT segment_id, column_name, message FROM pg_class c, rusts.verify(c.oid) WHERE relname = '%s' AND relkind = 'r'" ]);

sub create_tables
{
	my $columns = '(time timestamptz NOT NULL, host text, n int, v float8, d numeric, note text, payload text, doc text)';
	my $rows = sub {
		"SELECT '2026-01-01'::timestamptz + g * interval '21.6 s', 'host_' || g % 7, g, "
		  . "g % 4001 / 4.0, CASE WHEN g % 11 <> 0 THEN g / 3.0::numeric END, "
		  . "CASE WHEN g % 5 <> 0 THEN 'note ' || g % 13 END, "
		  . "CASE WHEN g % 17 <> 0 THEN md5(g::text) END, "
		  . "CASE WHEN g % 23 <> 0 THEN repeat(md5(g::text), 18) END FROM generate_series($_[0], $_[1]) g";
	};

	$node->safe_psql('postgres', 'CREATE EXTENSION rusts');
	foreach my $table ('h', @tables)
	{
		my ($method) = $table =~ /^(\w+)_/;
		my $using = $method
		  ? "USING rusts WITH (rusts.tags = 'host', rusts.hot_compression = '$method')"
		  : '';
		my $flush = $method ? "SELECT rusts.flush('$table');" : '';
		$node->safe_psql('postgres', "CREATE TABLE $table $columns $using;"
			  . "CREATE INDEX ON $table (n);"
			  . "INSERT INTO $table " . $rows->(0, 11999) . ";$flush"
			  . "INSERT INTO $table " . $rows->(12000, 12099));
	}
}

# Ask all questions of a table: name => [ SQLSTATE, text ] of those answered.
sub ask
{
	my ($table) = @_;
	my ($script, $out, $err) = ('', '', '');
	my %answers;

	foreach (@questions)
	{
		my ($name, $query, @settings) = @$_;
		$script .= "$_;\n" foreach @settings;
		$script .= "\\echo \@\@$name\n" . sprintf($query, $table) . ";\n"
		  . "\\echo ##:SQLSTATE :LAST_ERROR_MESSAGE\nRESET ALL;\n";
	}
	$node->psql('postgres', $script, stdout => \$out, stderr => \$err,
		on_error_stop => 0);
	while ($out =~ /^@@(.*)\n((?:.*\n)*?)##(\w+) ?(.*)/mg)
	{
		$answers{$1} = [ $3, $3 eq '00000' ? $2 : $4 ];
	}
	return \%answers;
}

# The answers when some segments are gone: a bit of the mask for each day.
sub ask_twin
{
	my ($mask) = @_;
	my @gone = map { "'$days[$_]'" } grep { $mask >> $_ & 1 } 0 .. $#days;
	my $where = @gone ? 'WHERE time::date NOT IN (' . join(',', @gone) . ')' : '';
	my $answers;

	$node->safe_psql('postgres', "CREATE VIEW twin AS SELECT * FROM h $where");
	$answers = ask('twin');
	$node->safe_psql('postgres', "DROP VIEW twin; DELETE FROM h WHERE time >= '2026-02-01'");
	$answers->{$_} = [ '00000', "0\n" ] foreach qw(segments flush);
	$answers->{cluster} = [ '00000', '' ];
	$answers->{clustered} = $answers->{rows};
	return $answers;
}

# ---------- files and what is where in them ----------

my (%files, %saved, %places);

sub find_files
{
	my ($table) = @_;
	my $paths = $node->safe_psql('postgres', <<SQL);
SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE oid = '$table'::regclass;
SELECT pg_relation_filepath(oid) FROM pg_class WHERE oid = '$table'::regclass;
SELECT pg_relation_filepath(indexrelid) FROM pg_index WHERE indrelid = '$table'::regclass
 OR indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = '$table'::regclass);
SQL
	return map { $node->data_dir . "/$_" } split /\n/, $paths;
}

sub save
{
	my ($table) = @_;
	foreach my $base (@{ $files{$table} })
	{
		$saved{$_} = slurp_file($_) foreach grep { -e } ($base, "${base}_fsm", "${base}_vm");
	}
}

sub write_file
{
	my ($path, $bytes) = @_;
	open my $file, '>:raw', $path or die "$path: $!";
	print $file $bytes or die "$path: $!";
	close $file or die "$path: $!";
}

# Forks that were not there are removed: they would speak of other pages.
sub restore
{
	my ($table) = @_;
	foreach my $base (@{ $files{$table} })
	{
		foreach my $path ($base, "${base}_fsm", "${base}_vm")
		{
			if (defined $saved{$path}) { write_file($path, $saved{$path}); }
			else { unlink $path; }
		}
	}
}

# The chunks of a TOAST relation.
sub chunks
{
	my ($bytes) = @_;
	my @chunks;

	for (my $page = 0; $page < length $bytes; $page += $page_size)
	{
		my $lower = unpack 'v', substr $bytes, $page + 12, 2;
		for (my $at = $page + 24; $at < $page + $lower; $at += 4)
		{
			my $pointer = unpack 'V', substr $bytes, $at, 4;
			next unless ($pointer >> 15 & 3) == 1;
			my $tuple = $page + ($pointer & 0x7fff);
			my ($id, $seq) = unpack 'VV', substr $bytes, $tuple + 24, 8;
			push @chunks, { page => $page, pointer => $at, tuple => $tuple,
				end => $tuple + ($pointer >> 17), id => $id, seq => $seq };
		}
	}
	return @chunks;
}

# Chunks by what they hold; each with its segment.  Needs format.md 2.2 and 3.1.
sub classify
{
	my ($bytes) = @_;
	my @chunks = chunks($bytes);
	my (%stream, %class);
	my $day = 0;

	foreach my $row (sort { $a->{seq} <=> $b->{seq} } grep { $_->{id} == 2 } @chunks)
	{
		my ($id, $header, $length) =
		  unpack 'x16 V x12 Q< V', substr $bytes, $row->{tuple} + 40;
		$row->{segment} = $row->{seq};
		$row->{day} = $day++;
		$stream{$id} = { %$row, first => int($header / $payload_size),
			last => int(($header + $length - 1) / $payload_size) };
	}
	foreach my $chunk (@chunks)
	{
		my $stream = $stream{ $chunk->{id} };
		my $class = $chunk->{id} == 1 ? 'counter' : $chunk->{id} == 2 ? 'directory' : 'frames';
		if ($stream)
		{
			@$chunk{qw(segment day)} = @$stream{qw(segment day)};
			$class = 'sections' if $chunk->{seq} >= $stream->{first} - 2;
			$class = 'header' if $chunk->{seq} >= $stream->{first};
		}
		push @{ $class{$class} }, $chunk;
	}
	return \%class;
}

# ---------- damage ----------

# Where in a chunk: name => [ first byte, length ].  A page's LSN is left alone:
# one from the future keeps PostgreSQL from writing the page at the shutdown.
sub areas
{
	my ($chunk, $size) = @_;
	my $tuple = $chunk->{tuple};
	return (
		payload => [ $tuple + 40, $chunk->{end} - $tuple - 40 ],
		checksum => [ $tuple + 36, 4 ],
		length => [ $tuple + 32, 4 ],
		key => [ $tuple + 24, 8 ],
		tuple_header => [ $tuple, 23 ],
		line_pointer => [ $chunk->{pointer}, 4 ],
		crossed_pointer => [ $chunk->{pointer}, 4 ],
		page_header => [ $chunk->{page} + 8, 16 ],
		page => [ $chunk->{page}, $page_size ],
		rest => [ $chunk->{page}, $size - $chunk->{page} ]);
}

sub pick { return $_[ int rand @_ ]; }

# Other bytes of the same length; the rest of a file is cut off.
sub spoil
{
	my ($old, $area) = @_;
	my $new = $old;

	return '' if $area eq 'rest';
	until ($new ne $old)
	{
		my $how = $area eq 'page' ? 0 : int rand 5;
		my $at = int rand length $old;
		my $n = 1 + int rand(length($old) - $at > 64 ? 64 : length($old) - $at);
		if ($how == 0) { $new = "\0" x length $old; }
		elsif ($how == 1) { substr($new, $at, 1) = chr int rand 256; }
		elsif ($how == 2) { substr($new, $at, $n) = join '', map { chr int rand 256 } 1 .. $n; }
		else { substr($new, $at, 1) ^= chr(1 << int rand 8); }
	}
	return $new;
}

# A line pointer that leads to another row of its page, of the directory where
# there is one, or nowhere.
sub crossed
{
	my ($table, $bytes, $chunk) = @_;
	my ($other) = sort { $a->{id} <=> $b->{id} }
	  grep { $_->{page} == $chunk->{page} && $_->{pointer} != $chunk->{pointer} && $_->{id} > 1 }
	  map { @$_ } values %{ $places{$table} };

	return $other ? substr $bytes, $other->{pointer}, 4 : "\0" x 4;
}

# Damage one place of a table; returns what and where.
sub damage
{
	my ($table, $class, $area) = @_;
	my $path = $files{$table}[0];
	my $bytes = $saved{$path};
	my $chunk = pick(@{ $places{$table}{$class} });
	my %areas = areas($chunk, length $bytes);
	my ($from, $length) = @{ $areas{$area} };
	my $old = substr $bytes, $from, $length;
	my $new = $area eq 'crossed_pointer' ? crossed($table, $bytes, $chunk) : spoil($old, $area);
	my @hit = grep { substr($old, $_, 1) ne substr($new, $_, 1) } 0 .. length($new) - 1;

	substr($bytes, $from, $length) = $new;
	write_file($path, $bytes);
	return { %$chunk, table => $table, class => $class, area => $area,
		ours => $area =~ /^(?:payload|checksum|length|key)$/ ? 1 : 0,
		hit => [@hit],
		label => sprintf('%s: %s of %s chunk (%d, %d), byte %d and on',
			$table, $area, $class, $chunk->{id}, $chunk->{seq}, $from + ($hit[0] // 0)) };
}

# ---------- the promise ----------

my %expected;

# An error that damage may end in: ours, or PostgreSQL's for its own headers.
sub error_is_allowed
{
	my ($place, $state, $message) = @_;
	return 1 if $state eq 'XX001' || $state eq 'XX002';
	return !$place->{ours}
	  && $message =~ /could not access status of transaction|MultiXact|row is too big/;
}

# The segments whose rows in the directory may be lost, as a mask.
sub may_be_gone
{
	my ($place) = @_;
	my $gone = 0;

	return 0 if $place->{ours};
	foreach my $row (@{ $places{ $place->{table} }{directory} })
	{
		$gone |= 1 << $row->{day}
		  if $row->{page} == $place->{page}
		  || $place->{area} eq 'rest' && $row->{page} > $place->{page};
	}
	return $gone;
}

sub answer_is_allowed
{
	my ($place, $name, $text) = @_;
	my $gone = may_be_gone($place);
	my @masks = grep { !($_ & ~$gone) } keys %expected;
	return grep { $expected{$_}{$name}[1] eq $text } @masks;
}

# What is wrong with the answers, given the place that was damaged.
sub broken_promises
{
	my ($place, $answers) = @_;
	my @broken;

	foreach my $name (map { $_->[0] } @questions)
	{
		my ($state, $text) = @{ $answers->{$name} || [ '', '' ] };
		if (!$state) { push @broken, "$name: no answer"; }
		elsif ($name eq 'clustered' && $state eq '25P02') { next; }
		elsif ($name eq 'verify') { next if $state eq '00000'; push @broken, "$name: $state $text"; }
		elsif ($state ne '00000')
		{
			push @broken, "$name: $state $text"
			  unless error_is_allowed($place, $state, $text) && !must_answer($place, $name);
		}
		elsif (!answer_is_allowed($place, $name, $text))
		{
			push @broken, "$name: wrong answer: $text";
		}
	}
	return (@broken, broken_findings($place, $answers));
}

# Does a question have nothing to do with what was damaged?
sub must_answer
{
	my ($place, $name) = @_;
	return 0 unless $place->{ours};
	return $name !~ /insert|flush|cluster/ if $place->{class} eq 'counter';
	return $name =~ /^2026/ && $name ne $days[ $place->{day} ]
	  if $place->{class} ne 'directory';
	return 0;
}

# rusts.verify finds what is under our checksums and accuses nobody else.
sub broken_findings
{
	my ($place, $answers) = @_;
	my $text = ($answers->{verify} || [ '', '' ])->[1];
	my @accused = map { (split /\|/)[0] } split /\n/, $text;
	my $segment = $place->{segment} // '';

	return () unless $place->{ours};
	# what is left of a row of the directory may not tell whose it was
	return () if $place->{class} eq 'directory' && "@accused" eq ''
	  && @accused == 1 && ($place->{area} ne 'payload' || grep { $_ >= 8 && $_ < 12 } @{ $place->{hit} });
	return "verify: $text" unless @accused && !grep { $_ ne $segment } @accused;
	return ();
}

# ---------- all of it ----------

my @classes = qw(frames sections header directory frames counter);
my @areas = (('payload') x 4, ('length') x 2,
	qw(checksum key tuple_header tuple_header line_pointer crossed_pointer page_header page rest));
my %more_areas = (directory => [ ('crossed_pointer') x 5 ]);
my $turn = 0;
my ($asked, $refused, %seen) = (0, 0);

create_tables();
$expected{$_} = ask_twin($_) foreach 0 .. 7;
$files{$_} = [ find_files($_) ] foreach @tables;
$node->stop;
foreach my $table (@tables)
{
	save($table);
	$places{$table} = classify($saved{ $files{$table}[0] });
}

foreach my $round (1 .. $rounds)
{
	my (@damaged, @broken);

	foreach my $table (@tables)
	{
		my $class = $classes[ $turn++ % @classes ];
		push @damaged, damage($table, $class, pick(@areas, @{ $more_areas{$class} || [] }));
	}
	$node->start;
	foreach my $place (@damaged)
	{
		my $answers = ask($place->{table});
		my @wrong = broken_promises($place, $answers);

		push @broken, map { "$place->{label}\n  $_" } @wrong;
		$asked += keys %$answers;
		$refused += grep { $_->[0] ne '00000' } values %$answers;
		$seen{"$place->{class} $place->{area}"}++;
	}
	is(join("\n", @broken), '', "round $round");
	$node->stop;
	restore($_) foreach @tables;
}
note "$asked statements, $refused refused";
note "$_: $seen{$_}" foreach sort keys %seen;

$node->start;
foreach my $table (@tables)
{
	my $answers = ask($table);
	my @wrong = grep { $answers->{$_}[1] ne $expected{0}{$_}[1] } grep { $_ ne 'verify' } keys %$answers;
	is("@wrong$answers->{verify}[1]", '', "$table is sound in the end");
}
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP:/, 'nothing crashed');
$node->stop;

done_testing();
