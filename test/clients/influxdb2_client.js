// npm "@influxdata/influxdb-client", the client for InfluxDB 2.x.
const { InfluxDB, Point, HttpError } = require('@influxdata/influxdb-client');
const assert = require('assert');

const url = `http://127.0.0.1:${process.argv[2]}`;

async function main() {
	const api = new InfluxDB({ url, token: 'agent:secret' }).getWriteApi('org', 'bucket', 'ms', {
		batchSize: 1000, gzipThreshold: 1000, maxRetries: 0,
	});
	api.useDefaultTags({ host: 'a' });
	for (let i = 0; i < 5000; i++) {
		api.writePoint(new Point('by_node_2').floatField('v', i).intField('n', i).uintField('u', i)
			.stringField('s', 'é, "q"\n').timestamp(new Date(1704067200000 + i)));
	}
	await api.close();

	const bad = new InfluxDB({ url, token: 'agent:secret' }).getWriteApi('org', 'bucket', 'ms', { maxRetries: 0 });
	bad.writePoint(new Point('by_node_2').stringField('v', 'text'));
	await assert.rejects(bad.close(), (error) =>
		error instanceof HttpError && error.statusCode === 422 && /field type conflict/.test(error.message));

	const wrong = new InfluxDB({ url, token: 'agent:wrong' }).getWriteApi('org', 'bucket', 'ms', { maxRetries: 0 });
	wrong.writePoint(new Point('by_node_2').floatField('v', 1));
	await assert.rejects(wrong.close(), (error) => error instanceof HttpError && error.statusCode === 401);
}

main().catch((error) => { console.error(error); process.exit(1); });
