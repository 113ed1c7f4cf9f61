// @nevuamarkets/poly-websockets on Node, by its public API; it keeps books and a displayed price.
//
// Its address is a constant, which the runner replaces by a variable of the environment in the
// copy that it installs. Run in the folder of that copy: `node poly_websockets.mjs JOB.json`.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.cwd()}/`);
const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
process.env.MARKET_URL = job.url;
const { WSSubscriptionManager } = require('@nevuamarkets/poly-websockets');

const last = String(job.last);
const receipts = [];
let delivered = 0;
let begun, opened, residentBefore;

function mark() {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1e6, wall: Number(process.hrtime.bigint()) / 1e9 };
}

function memory(file, name) {
  const line = readFileSync(`/proc/self/${file}`, 'utf8').split('\n').find((each) => each.startsWith(`${name}:`));
  return line === undefined ? 0 : 1024 * Number(line.split(/\s+/)[1]);
}

function version(name) {
  return JSON.parse(readFileSync(`${process.cwd()}/node_modules/${name}/package.json`, 'utf8')).version;
}

function took(timestamp) {
  delivered += 1;
  if (job.receipts) receipts.push(BigInt(timestamp), process.hrtime.bigint());
  if (delivered === job.tokens.length) opened = mark();
  if (timestamp === last) finish();
}

function finish() {
  const end = mark();
  opened ??= begun;
  if (job.receipts) writeFileSync(job.receipts, Buffer.from(BigInt64Array.from(receipts).buffer));
  const result = {
    cpu: end.cpu - opened.cpu,
    ended: Math.round(end.wall * 1e9),
    opening_cpu: opened.cpu - begun.cpu,
    opening_wall: opened.wall - begun.wall,
    delivered,
    resident_before: residentBefore,
    resident: memory('status', 'VmRSS'),
    resident_peak: memory('status', 'VmHWM'),
    proportional: memory('smaps_rollup', 'Pss'),
    versions: {
      node: process.version,
      '@nevuamarkets/poly-websockets': version('@nevuamarkets/poly-websockets'),
      ws: version('ws'),
    },
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

async function subscriber(events) {
  for (const event of events) took(event.timestamp);
}

const manager = new WSSubscriptionManager({
  onBook: subscriber,
  onPriceChange: subscriber,
  onLastTradePrice: subscriber,
  onTickSizeChange: subscriber,
  onPolymarketPriceUpdate: async () => {},
  onError: async (error) => console.error(error.message),
});

residentBefore = memory('status', 'VmRSS');
begun = mark();
await manager.addSubscriptions(job.tokens);
