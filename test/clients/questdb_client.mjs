// npm "@questdb/nodejs-client": line protocol over HTTP, and over plain TCP.
import { Sender } from '@questdb/nodejs-client';

const [port, tcpPort] = process.argv.slice(2);

async function write(table, configuration) {
	const sender = await Sender.fromConfig(configuration);
	for (let i = 0; i < 100; i++) {
		await sender.table(table).symbol('host', `h${i % 5}`)
			.floatColumn('v', i).intColumn('n', i).booleanColumn('b', true).stringColumn('s', 'a "b" c')
			.at(BigInt(1704067200000000 + i), 'us');
	}
	await sender.flush();
	await sender.close();
}

async function main() {
	await write('by_questdb', `http::addr=127.0.0.1:${port};username=agent;password=secret;auto_flush=off;protocol_version=1`);
	// without TLS and login, as the worker's TCP port has it
	const sender = await Sender.fromConfig(`tcp::addr=127.0.0.1:${tcpPort};auto_flush=off;protocol_version=1`);
	await sender.connect();
	for (let i = 0; i < 100; i++)
		await sender.table('by_questdb_tcp').symbol('host', 'a').floatColumn('v', i).at(BigInt(1704067200000000 + i), 'us');
	await sender.flush();
	await sender.close();
}

main().catch((error) => { console.error(error); process.exit(1); });
