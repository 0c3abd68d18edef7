/*
 * peer.cjs: DuckDB or chDB behind the same line protocol as client.c.
 *
 *     node peer.cjs duckdb|chdb NPM_DIRECTORY DATABASE THREADS [load]
 *
 *     S SQL            run it, forget the result      "ok"
 *     T SQL            run it and fetch all rows      "MICROSECONDS ROWS"
 *     D FILE<tab>SQL   the same, rows into FILE       "ok ROWS"
 *
 * "Fetch" means: every row is in this process's memory.  DuckDB hands over its
 * column chunks (runAndReadAll), chDB its Native format; neither has to make
 * text or JavaScript values of them while the clock runs, which PostgreSQL's
 * client has.  Without "load", DuckDB opens the file for reading only, as two
 * of its processes must.  Both engines run in this process: no socket either.
 */
'use strict';

const { createRequire } = require('module');
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const [engineName, npmDirectory, database, threads, load] = process.argv.slice(2);
const npm = createRequire(path.join(npmDirectory, 'x.js'));

/* Text of a DuckDB value as PostgreSQL's COPY would write it, in UTC. */
function duckText(value) {
	if (value === null || value === undefined)
		return '\\N';
	if (typeof value === 'object') {
		if (value.micros !== undefined)
			return microsText(value.micros);
		if (value.days !== undefined && value.months === undefined)
			return microsText(BigInt(value.days) * 86400000000n).slice(0, 10);
	}
	return String(value);
}

function microsText(micros) {
	const fraction = ((micros % 1000000n) + 1000000n) % 1000000n;
	const text = new Date(Number((micros - fraction) / 1000n)).toISOString();
	const digits = fraction === 0n ? '' : '.' + String(fraction).padStart(6, '0').replace(/0+$/, '');
	return text.slice(0, 19).replace('T', ' ') + digits;
}

async function openDuck() {
	const duckdb = npm('@duckdb/node-api');
	const instance = await duckdb.DuckDBInstance.create(database, { threads, ...(load ? {} : { access_mode: 'READ_ONLY' }) });
	const connection = await instance.connect();
	return {
		run: async (sql) => { await connection.run(sql); },
		fetch: async (sql) => (await connection.runAndReadAll(sql)).currentRowCount,
		dump: async (file, sql) => {
			const rows = (await connection.runAndReadAll(sql)).getRows();
			const out = fs.openSync(file, 'w');
			for (let i = 0; i < rows.length; i += 10000)
				fs.writeSync(out, rows.slice(i, i + 10000)
					.map((row) => row.map(duckText).join('\t') + '\n').join(''));
			fs.closeSync(out);
			return rows.length;
		},
	};
}

/* Number of rows in a result in chDB's Native format is not told: count on. */
async function openChdb() {
	const { Session } = npm('chdb');
	const session = new Session(database);
	session.query(`SET max_threads = ${threads}`);
	return {
		run: async (sql) => { session.query(sql); },
		fetch: async (sql) => {
			const result = await session.queryAsync(sql, { format: 'Native' });
			return result.bytes().length === 0 ? 0 : -1;
		},
		dump: async (file, sql) => {
			const text = session.query(sql, 'TSV');
			fs.writeFileSync(file, text);
			return text.split('\n').length - 1;
		},
	};
}

async function obey(engine, line) {
	const argument = line.slice(2);
	switch (line[0]) {
		case 'S':
			await engine.run(argument);
			return 'ok';
		case 'T': {
			const start = process.hrtime.bigint();
			const rows = await engine.fetch(argument);
			return `${(process.hrtime.bigint() - start) / 1000n} ${rows}`;
		}
		case 'D': {
			const tab = argument.indexOf('\t');
			return `ok ${await engine.dump(argument.slice(0, tab), argument.slice(tab + 1))}`;
		}
		default:
			throw new Error('unknown command');
	}
}

async function main() {
	const engine = await (engineName === 'duckdb' ? openDuck() : openChdb());
	for await (const line of readline.createInterface({ input: process.stdin })) {
		let answer;
		try {
			answer = await obey(engine, line);
		} catch (e) {
			answer = 'error ' + String(e.message || e).replace(/\s+/g, ' ');
		}
		process.stdout.write(answer + '\n');
	}
	process.exit(0);
}

main();
