# Session.pm: scripts for psql, and what comes back, for the random suites.
#
# A script is text; statements in it are separated by "\echo @@N" lines, so
# that the output can be cut into that of each statement, followed by its
# SQLSTATE.  A session that does not print "@@end" lost the server.
package Session;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT_OK = qw(new_work read_file write_file run_psql ask outputs outputs_together wait_for_server shorten);

my $psql = ($ENV{BINDIR} ? "$ENV{BINDIR}/" : '') . 'psql';
my $options = '-X -q -A -t -P null=NULL -d postgres';
my $work;

# Where scripts and outputs are written.
sub new_work
{
	($work) = @_;
}

sub write_file
{
	my ($file, $text) = @_;
	open my $out, '>', $file or die "$file: $!\n";
	print $out $text;
	close $out or die "$file: $!\n";
}

sub read_file
{
	my ($file) = @_;
	local $/;
	open my $in, '<', $file or die "$file: $!\n";
	my $text = <$in> // '';
	close $in;
	return $text;
}

# Run a script; its output, its error output and whether it came to its end.
sub run_psql
{
	my ($name, $script) = @_;
	my $file = "$work/$name";

	write_file("$file.sql", $script);
	system("$psql $options <$file.sql >$file.out 2>$file.err");
	return (read_file("$file.out"), read_file("$file.err"), $? == 0);
}

# One value from the server, or undef when it answers with an error.
sub ask
{
	my ($sql) = @_;
	my ($out, undef, $ok) = run_psql('ask', "\\set ON_ERROR_STOP on\n$sql;\n");
	chomp $out;
	return $ok ? $out : undef;
}

# The output of each statement of a script; those never reached are undef.
sub outputs
{
	my ($name, $script) = @_;
	my $result = cut(run_psql($name, $script . "\\echo \@\@end\n"));

	wait_for_server() unless $result->{complete};
	return $result;
}

# The same for scripts by name, some of them at a time.
sub outputs_together
{
	my ($jobs, %scripts) = @_;
	my $running = 0;
	my %results;

	foreach my $name (sort keys %scripts)
	{
		wait if $running >= $jobs;
		$running++;
		write_file("$work/$name.sql", $scripts{$name} . "\\echo \@\@end\n");
		exec "$psql $options <$work/$name.sql >$work/$name.out 2>$work/$name.err" unless fork // die "fork: $!\n";
	}
	1 while wait != -1;
	$results{$_} = cut(read_file("$work/$_.out"), read_file("$work/$_.err"), 1) foreach keys %scripts;
	wait_for_server() if grep { !$_->{complete} } values %results;
	return \%results;
}

sub cut
{
	my ($out, $err, $ok) = @_;
	my %result = (err => $err, outputs => [], complete => $ok && $out =~ /^\@\@end$/m);

	while ($out =~ /^\@\@(\d+)\n(.*?)(?=^\@\@(?:\d+|end)$)/msg)
	{
		$result{outputs}[$1] = $2;
	}
	return \%result;
}

sub wait_for_server
{
	foreach (1 .. 60)
	{
		return if defined ask('SELECT 1');
		sleep 1;
	}
	die "the server did not come back\n";
}

sub shorten
{
	my ($text) = @_;
	$text =~ s/\n/\n            /g;
	return length $text > 500 ? substr($text, 0, 500) . '...' : $text;
}

1;
