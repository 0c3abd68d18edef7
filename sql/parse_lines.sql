--
-- rusts.parse_lines: what line protocol says, and why a line is bad
--
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET extra_float_digits = 0;

-- Types, escapes, a string over two lines, comments, a bad line between.
SELECT * FROM rusts.parse_lines($$
# a comment with an open quote: "
cpu,host=a,region=eu\ west usage=58.13,idle=3i,up=t 1704067200000000000
disk\ io,path=C:\dir,the\,key=x\=y total=18446744073709551615u,on=FALSE,note="said \"yes\",
then left\\ \n"
cpu,host=b
  mem free=-0,used=1e25,a=9223372036854775807i,b=0.1,c=62.288713455200195 -1

mem f="no end
cpu usage=1
$$);

-- Of two fields with one name the last one counts; tags must not repeat.
SELECT measurement, tags, fields, error
FROM rusts.parse_lines(E'm,t=1 f=1,g=2,f="x"\nm,t=1,t=2 f=1\nm,f=tag f=1');

-- A time is rounded down to a microsecond.
SELECT line, ts FROM rusts.parse_lines(E'm f=1 1\nm f=1 999\nm f=1 -1\nm f=1 -1000\nm f=1 -1001\nm f=1');
SELECT p, ts, error
FROM unnest('{n,ns,u,us,ms,s,m,h}'::text[]) WITH ORDINALITY AS t(p, n), rusts.parse_lines('m f=1 1000', p)
ORDER BY n;
SELECT p, ts, error
FROM unnest('{ns,us,s,h}'::text[]) WITH ORDINALITY AS t(p, n),
	rusts.parse_lines(E'm f=1 9223372036854775806\nm f=1 -9223372036854775806\nm f=1 -2562047', p)
ORDER BY n, line;
SELECT rusts.parse_lines('m f=1', 'day');

-- Every reason.
SELECT line, error FROM rusts.parse_lines(
	E',a=b f=1\nm, f=1\nm,a f=1\nm,a=b=c f=1\nm,a=b,a=c f=1\nm,a=b\nm =1\nm f=\nm f=1,g\n' ||
	E'm f=1x\nm f=9223372036854775808i\nm f=18446744073709551616u\nm f=1e309\nm f=yes\n' ||
	E'm f="a"b\nm f=1 x\nm f=1 9223372036854775807\nm f=1 5 6\n' ||
	repeat('m', 65536) || E' f=1\n' ||
	'm ' || (SELECT string_agg(format('f%s=1', i), ',' ORDER BY i) FROM generate_series(1, 1600) i) || E'\n' ||
	E'm f="a')
ORDER BY line;

-- Nothing, NULL, CR LF.
SELECT * FROM rusts.parse_lines('');
SELECT * FROM rusts.parse_lines(NULL);
SELECT * FROM rusts.parse_lines(E'm f=1\r\n\r\n# x\r\nm f="a" 5\r\n');

-- Many lines of few shapes are what each of them is alone.
CREATE TEMP TABLE points AS
SELECT i, format('%s,host=h%s,%s=x %s=%s,b=%si %s',
	CASE i % 3 WHEN 0 THEN 'cpu' ELSE 'memory' END, i % 7, CASE i % 5 WHEN 0 THEN 'zone' ELSE 'rack' END,
	CASE i % 2 WHEN 0 THEN 'a' ELSE 'usage_of_a_long_name' END, round(sin(i)::numeric, i % 20), i, i) AS line
FROM generate_series(1, 3000) i;
SELECT count(*) AS lines, count(*) FILTER (WHERE error IS NOT NULL) AS bad,
	count(*) FILTER (WHERE b.fields IS DISTINCT FROM o.fields OR b.tags IS DISTINCT FROM o.tags OR
		b.measurement IS DISTINCT FROM o.measurement OR b.ts IS DISTINCT FROM o.ts) AS different
FROM (SELECT string_agg(line, E'\n' ORDER BY i) AS lines FROM points) p, rusts.parse_lines(p.lines) b
JOIN LATERAL (SELECT o.* FROM points, rusts.parse_lines(points.line) o WHERE points.i = b.line) o(l, measurement, tags, fields, ts, e) ON true;

-- A value is the number that PostgreSQL reads from its text.
SELECT count(*) AS wrong
FROM points, rusts.parse_lines(points.line) p
WHERE (SELECT value::float8 FROM jsonb_each_text(p.fields) WHERE key <> 'b') <>
	substring(points.line FROM '(?:a|name)=([-0-9.]+),')::float8;
