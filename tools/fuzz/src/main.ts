import { parseArgs } from 'node:util';
import { messageOf } from '@esinet/kernel';
import { fuzzCodec } from './codec-fuzz.js';
import { fuzzLive } from './live/live-fuzz.js';
import { fuzzLookupServers } from './live/lookups.js';
import { fuzzXml } from './xml/xml-fuzz.js';

const usage = [
  'fuzz codec [--count 100000] [--seed N]                 mutated messages through the SIP codec',
  'fuzz xml   [--count 100000] [--seed N]                 mutated documents through our reader of XML and through saxes',
  'fuzz live  [--count 100000] [--seed N] [--udp] [--tcp] [--ws]\n' +
    '                                           mutated messages to a whole ESInet that this starts',
  'fuzz lookups [--count 100000] [--seed N]               mutated LoST, HELD and provisioning documents to its ECRF and LIS,\n' +
    '                                                       and clients that drip, say nothing or too much',
  '',
  'The same seed sends the same messages. Ends with 1 when anything was wrong.',
  '',
].join('\n');

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

function codec(count: number, seed: number): boolean {
  const report = fuzzCodec(count, seed);
  tell(
    `codec: ${report.messages} mutated messages, seed ${seed}: ${report.faults.length} faults, ` +
      `${report.slow.length} slow, slowest ${report.slowestMs.toFixed(1)} ms`,
  );
  for (const { fault, bytes } of report.faults.slice(0, 10))
    tell(`${fault}\n  ${bytes.toString('base64').slice(0, 4_000)}`);
  for (const bytes of report.slow.slice(0, 3)) tell(`slow\n  ${bytes.toString('base64').slice(0, 4_000)}`);
  return report.faults.length + report.slow.length === 0;
}

function xml(count: number, seed: number): boolean {
  const report = fuzzXml(count, seed);
  tell(
    `xml: ${report.documents} mutated documents, seed ${seed}, ${report.wellFormed} of them well-formed, ` +
      `${report.skipped} not compared: ` +
      `${report.faults.length} on which the two readers differ, slowest ${report.slowestMs.toFixed(1)} ms`,
  );
  for (const { fault, bytes } of report.faults.slice(0, 10))
    tell(`${fault}\n  ${bytes.toString('base64').slice(0, 4_000)}`);
  return report.faults.length === 0;
}

interface Roads {
  readonly udp: boolean;
  readonly tcp: boolean;
  readonly ws: boolean;
}

async function live(count: number, seed: number, roads: Roads): Promise<boolean> {
  const all = !roads.udp && !roads.tcp && !roads.ws;
  const report = await fuzzLive({
    count,
    seed,
    udp: all || roads.udp,
    tcp: all || roads.tcp,
    ws: all || roads.ws,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  const { before, warm, after } = report.megabytes;
  tell(
    `live: ${report.sent} mutated messages, seed ${seed}, ${report.seconds.toFixed(1)} s: ${report.faults.length} faults, ` +
      `slowest OPTIONS ${report.slowestOptionsMs.toFixed(0)} ms, memory ${before} MB at first, ${warm} MB warm, ${after} MB at the end`,
  );
  tell(`answers: ${report.answers}`);
  for (const fault of report.faults.slice(0, 20)) tell(fault);
  return report.faults.length === 0;
}

async function lookups(count: number, seed: number): Promise<boolean> {
  const report = await fuzzLookupServers({ count, seed, rude: true, answeredWithinMs: 100 });
  const { before, warm, after } = report.megabytes;
  tell(
    `lookups: ${count} mutated questions, seed ${seed}, ${report.seconds.toFixed(1)} s: ${report.faults.length} faults, ` +
      `slowest ${report.slowestMs.toFixed(0)} ms, memory ${before} MB at first, ${warm} MB half way, ${after} MB at the end`,
  );
  const answers = Object.entries(report.answers).sort(([a], [b]) => (a < b ? -1 : 1));
  tell(`answers: ${answers.map(([what, times]) => `${what} ${times}`).join(', ')}`);
  for (const fault of report.faults.slice(0, 20)) tell(fault);
  return report.faults.length === 0;
}

function fuzz(what: string, count: number, seed: number, roads: Roads): boolean | Promise<boolean> {
  switch (what) {
    case 'live':
      return live(count, seed, roads);
    case 'lookups':
      return lookups(count, seed);
    case 'xml':
      return xml(count, seed);
    default:
      return codec(count, seed);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string', default: '100000' },
      seed: { type: 'string' },
      udp: { type: 'boolean', default: false },
      tcp: { type: 'boolean', default: false },
      ws: { type: 'boolean', default: false },
    },
  });
  const [what = 'codec'] = positionals;
  const count = Number(values.count);
  const seed = Number(values.seed ?? (what === 'live' || what === 'lookups' ? 1 : Date.now() % 1_000_000));
  if (
    !Number.isInteger(count) ||
    count < 1 ||
    !Number.isInteger(seed) ||
    !['codec', 'xml', 'live', 'lookups'].includes(what)
  ) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  const fine = await fuzz(what, count, seed, values);
  process.exitCode = fine ? 0 : 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n\n${usage}`);
  process.exitCode = 2;
});
