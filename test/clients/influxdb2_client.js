// npm "@influxdata/influxdb-client", the client for InfluxDB 2.x.
const { InfluxDB, Point, HttpError } = require('@influxdata/influxdb-client');
const assert = require('assert');

const url = `http://127.0.0.1:${process.argv[2]}`;

// What the client says about a point that is refused.
async function failure(token, point) {
	let error;
	const api = new InfluxDB({ url, token }).getWriteApi('org', 'bucket', 'ms', {
		maxRetries: 0,
		writeFailed(reason) { error = reason; return Promise.resolve(); },
	});
	api.writePoint(point);
	await api.close().catch(() => {});
	return error;
}

async function main() {
	const api = new InfluxDB({ url, token: 'agent:secret' }).getWriteApi('org', 'bucket', 'ms', {
		batchSize: 6000, gzipThreshold: 1000, maxRetries: 0,
	});
	api.useDefaultTags({ host: 'a' });
	for (let i = 0; i < 5000; i++) {
		api.writePoint(new Point('by_node_2').floatField('v', i).intField('n', i).uintField('u', i)
			.stringField('s', 'é, "q"\n').timestamp(new Date(1704067200000 + i)));
	}
	await api.close();

	const conflict = await failure('agent:secret', new Point('by_node_2').stringField('v', 'text'));
	assert(conflict instanceof HttpError && conflict.statusCode === 422 && /field type conflict/.test(conflict.message), String(conflict) + JSON.stringify(conflict));
	const wrong = await failure('agent:wrong', new Point('by_node_2').floatField('v', 1));
	assert(wrong instanceof HttpError && wrong.statusCode === 401, wrong);
}

main().catch((error) => { console.error(error); process.exit(1); });
