// npm "influx", the client for InfluxDB 1.x, as its users call it.
const Influx = require('influx');
const assert = require('assert');

async function main() {
	const influx = new Influx.InfluxDB({
		host: '127.0.0.1',
		port: Number(process.argv[2]),
		username: 'agent',
		password: 'secret',
		database: 'node',
		schema: [{
			measurement: 'by_node',
			fields: { v: Influx.FieldType.FLOAT, n: Influx.FieldType.INTEGER, s: Influx.FieldType.STRING },
			tags: ['host'],
		}],
	});
	const hosts = await influx.ping(5000);
	assert(hosts[0].online, 'ping');
	await influx.createDatabase('node');
	assert((await influx.getDatabaseNames()).includes('node'), 'database names');
	const points = [];
	for (let i = 0; i < 100; i++) {
		points.push({
			measurement: 'by_node',
			tags: { host: 'a b,c=d' },
			fields: { v: i, n: i, s: 'q"q\\' },
			timestamp: new Date(1704067200000 + i),
		});
	}
	await influx.writePoints(points, { precision: 'ms' });
	// a client that has not been told of the field's type
	const other = new Influx.InfluxDB({
		host: '127.0.0.1', port: Number(process.argv[2]), username: 'agent', password: 'secret', database: 'node',
	});
	await assert.rejects(other.writeMeasurement('by_node', [{ fields: { v: 'text' } }]), /field type conflict/);
}

main().catch((error) => { console.error(error); process.exit(1); });
