import { fuzzCodec } from './codec-fuzz.js';

const messages = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const report = fuzzCodec(messages, seed);
process.stdout.write(
  `codec: ${report.messages} mutated messages, seed ${seed}: ${report.faults.length} faults, ` +
    `${report.slow.length} slow, slowest ${report.slowestMs.toFixed(1)} ms\n`,
);
for (const { fault, bytes } of report.faults.slice(0, 10))
  process.stdout.write(`${fault}\n  ${bytes.toString('base64').slice(0, 4000)}\n`);
for (const bytes of report.slow.slice(0, 3))
  process.stdout.write(`slow\n  ${bytes.toString('base64').slice(0, 4000)}\n`);
process.exitCode = report.faults.length + report.slow.length > 0 ? 1 : 0;
