"""InfluxDB's client for Python (Debian: python3-influxdb), as its users call it."""
import sys

from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

port = int(sys.argv[1])
client = InfluxDBClient("127.0.0.1", port, "agent", "secret", "python")
print("version", client.ping())
client.create_database("python")
assert {"name": "python"} in client.get_list_database(), client.get_list_database()


def point(i, **fields):
    return {
        "measurement": "by_python",
        "tags": {"host": "h%d" % (i % 3), "path": "C:\\x y,z=1"},
        "time": 1704067200000 + i,
        "fields": {"v": float(i), "n": 2 * i, "b": True, "s": 'é "q"', **fields},
    }


points = [point(i) for i in range(100)]
assert client.write_points(points, time_precision="ms", batch_size=30)

packed = InfluxDBClient("127.0.0.1", port, "agent", "secret", "python", gzip=True)
assert packed.write_points(points, time_precision="ms")

try:
    client.write_points([point(200, v="text")], time_precision="ms")
    sys.exit("a conflict of types was not reported")
except InfluxDBClientError as error:
    assert error.code == 400 and "field type conflict" in str(error), error

try:
    InfluxDBClient("127.0.0.1", port, "agent", "wrong", "python").write_points(points)
    sys.exit("a wrong password was accepted")
except InfluxDBClientError as error:
    assert error.code == 401, error
