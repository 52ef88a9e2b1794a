import { Command, InvalidArgumentError, Option } from 'commander';
import { isoTime, messageOf, systemClock } from '@esinet/kernel';
import { ensureLabPki, listPki } from '@esinet/platform/pki';
import { faultHelp } from './faults.js';
import { said } from './said.js';
import { startAuthoritySimulator } from './start-authority-simulator.js';

interface Flags {
  readonly port: number;
  readonly control: number;
  readonly pki: string;
  readonly data: string;
  readonly model: 'A' | 'B';
  readonly version: '1.5.1' | '1.1.1';
  readonly name: string;
  readonly provider: string;
  readonly maxBytes: number;
  readonly schema?: string;
}

const after = `
Control, plain HTTP on 127.0.0.1:
  GET  /received         what came, by ids
  GET  /report           whether all of it is here and in order
  POST /faults           {"next": ["500", "took-cut", "error-3003"]}: each is used once, in order
  POST /fetch            Model A: objects again; {"as": "psap"} tries it with another certificate
  POST /task             {"about": ["sip:…"], "ldid": "ES-1", "to": "https://127.0.0.1:15443/hi1"}: asks for records by HI1
                         (TS 103 120); without "to" only the message is made
  POST /send?to=URL      sends any HI1 message with our certificate
Faults: ${faultHelp}.
What came lies in DATA/received/, byte true, with a line for each event in log.jsonl.`;

function number(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('A whole number.');
  return value;
}

function line(text: string): void {
  process.stdout.write(`${text}\n`);
}

const program = 'authority-simulator';

async function run(flags: Flags): Promise<void> {
  const { pki, name } = flags;
  // What is there is left alone: the provider has written down its fingerprint.
  if (!(await listPki(pki)).some((each) => each.name === name)) {
    const domain = name === program ? 'authority.lab' : `${name}.lab`;
    await ensureLabPki({ folder: pki, names: [{ name, domain }] });
  }
  const simulator = await startAuthoritySimulator({
    ...{ port: flags.port, controlPort: flags.control, pki, data: flags.data, model: flags.model },
    certificate: name,
    ...{ specification: flags.version, provider: flags.provider, maxBytes: flags.maxBytes },
    ...(flags.schema !== undefined && { schema: flags.schema }),
    onEvent: (event) => line(`${isoTime(systemClock.wall()).slice(11, 19)}  ${said(event)}`),
  });
  line(`An authority that receives records: TS 103 707 V${flags.version}, model ${flags.model}`);
  line(`  documents    ${simulator.deliveryUrl}`);
  if (flags.model === 'B') line(`  objects      ${simulator.objectsUrl}{uuid}/`);
  line(`  certificate  ${simulator.fingerprint}`);
  line(`  what came    ${flags.data}/received`);
  line(`  control      http://127.0.0.1:${simulator.controlPort}/report`);
  const end = (): void => void simulator.close().finally(() => process.exit(0));
  // Started by another program, we end with it.
  process.once('SIGINT', end).once('SIGTERM', end).once('disconnect', end);
}

const command = new Command(program)
  .description(
    'The receiving side of a hand-over of chat records (TS 103 707), with every failure on demand.',
  )
  .option('--port <n>', 'HTTPS, documents and objects; 0 for any', number, 16_443)
  .option('--control <n>', 'plain HTTP, for people and tests; 0 for any', number, 16_444)
  .requiredOption('--pki <folder>', 'certificates; ours is made where it is missing')
  .requiredOption('--data <folder>', 'what came is kept here, not encrypted')
  .addOption(new Option('--model <model>', 'who moves objects').choices(['A', 'B']).default('A'))
  .addOption(new Option('--version <version>', 'of TS 103 707').choices(['1.5.1', '1.1.1']).default('1.5.1'))
  .option('--name <name>', 'of our certificate', program)
  .option('--provider <name>', 'whose certificate may deliver; any for all of the folder', 'handover')
  .option('--max-bytes <n>', 'larger documents are answered 3022', number, 1_048_576)
  .option('--schema <file>', "entry file of other schemas than the product's: ETSI's own")
  .addHelpText('after', after)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action((flags: Flags) =>
    run(flags).catch((error: unknown) => {
      process.stderr.write(`${program}: ${messageOf(error)}\n`);
      process.exitCode = 1;
    }),
  );

await command.parseAsync();
