"""compare.py URL DATABASE PSQL HOST PORT USER: is InfluxDB's database the same
as the tables of the same names?  Counts, sums and types of each field."""
import json
import math
import subprocess
import sys
import urllib.parse
import urllib.request

url, database, psql, *server = sys.argv[1:]
TYPES = {"float": "double precision", "integer": "bigint", "boolean": "boolean", "string": "text"}
compared = 0


def influx(query):
    parameters = urllib.parse.urlencode({"db": database, "q": query})
    answer = json.load(urllib.request.urlopen(f"{url}/query?{parameters}"))
    return answer["results"][0].get("series", [])


def rusts(query):
    command = [psql, "-XAt", "-F", "\t", "-h", server[0], "-p", server[1], "-U", server[2], "-d", "postgres",
               "-v", "ON_ERROR_STOP=1", "-c", query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().split("\t")


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def compare(what, theirs, ours):
    global compared
    compared += 1
    if isinstance(theirs, float) or "." in str(ours):
        same = math.isclose(float(theirs), float(ours), rel_tol=1e-9, abs_tol=1e-9)
    else:
        same = str(theirs) == str(ours)
    if not same:
        sys.exit(f"{what}: InfluxDB has {theirs}, rusts {ours}")


for [measurement] in influx("SHOW MEASUREMENTS")[0]["values"]:
    table = quoted(measurement)
    for field, kind in influx(f'SHOW FIELD KEYS FROM "{measurement}"')[0]["values"]:
        what = f"{measurement}.{field}"
        aggregates = f'count("{field}")' + (f', sum("{field}")' if kind in ("float", "integer") else "")
        theirs = influx(f'SELECT {aggregates} FROM "{measurement}"')[0]["values"][0][1:]
        column = quoted(field)
        total = f"sum({column})" if kind in ("float", "integer") else "NULL"
        count, added, type_name = rusts(f"SELECT count({column}), {total}, pg_typeof(min({column}::text)) FROM {table}")
        type_name = rusts(f"SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname = '{field}'")[0]
        compare(what + " type", TYPES[kind], type_name)
        compare(what + " count", theirs[0], count)
        if len(theirs) > 1:
            compare(what + " sum", theirs[1], added)
    tags = {row[0] for row in (influx(f'SHOW TAG KEYS FROM "{measurement}"') or [{"values": []}])[0]["values"]}
    ours = rusts(f"SELECT tags FROM rusts.tables WHERE relation = '{table}'::regclass")[0]
    compare(f"{measurement} tags", sorted(tags), sorted(t.strip('"') for t in ours.split(",") if t))
print(f"{compared} counts, sums and types of fields are the same")
