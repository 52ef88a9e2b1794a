import { type Command, InvalidArgumentError, Option } from 'commander';
import { parsePlace } from '../place.js';
import type { LisWhereOptions } from './lis-where.js';

type Running = <A extends unknown[]>(
  command: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

const examples = `Examples:
  esinet lis load devices.csv                        devices of a file: CSV, one JSON a line, or a JSON array
  esinet lis put van-1 --identifier uri:sip:van1@provider.lab --at 40.4168,-3.7038 --radius 50
  esinet lis put van-1 --at 40.42,-3.70 --ttl 60     it moved, and that is known for a minute
  esinet lis where uri:sip:van1@provider.lab --route where the LIS says it is, and which centre serves it
  esinet lis uris van-1 --revoke                     location URIs that were given out work no more

`;

const after = `
A table has a head: id,identifiers,lat,lon,radius,civic.country,civic.A1,method,expires,ttl,confidence,shape.
Several identifiers have blanks between. All of the interface: http://127.0.0.1:15985/api/docs
Exit codes: 0 fine, 1 refused, 2 wrong use, 3 nobody there.`;

function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('A number from 0 up.');
  return value;
}

function civicElement(text: string, before: readonly string[] = []): string[] {
  if (!/^[A-Za-z][A-Za-z0-9]*=./.test(text)) throw new InvalidArgumentError('An element is country=ES.');
  return [...before, text];
}

function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

// Loaded when one of the commands runs.
type Devices = typeof import('./lis-devices.js');
const devices = (): Promise<Devices> => import('./lis-devices.js');

/** `esinet lis …`: what a LIS knows, over its provisioning interface and over HELD. */
export function addLis(esinet: Command, running: Running, o: { json: Option; offset: Option }): void {
  const lis = esinet
    .command('lis')
    .description('devices of the location server, and where they are')
    .addHelpText('before', examples)
    .addHelpText('after', after);
  const command = (name: string, description: string): Command =>
    lis
      .command(name)
      .description(description)
      .option('--url <url>', 'another LIS than that of the lab')
      .addOption(o.offset)
      .addOption(o.json);

  command('ls', 'devices')
    .option('--identifier <kind:value>', 'only the one with this identifier')
    .option('--limit <n>', 'at most so many', amount, 100)
    .action(running(async (...args: Parameters<Devices['lisList']>) => (await devices()).lisList(...args)));
  command('put', 'make a device, or without --identifier move one')
    .argument('<id>', 'what it is called in the LIS')
    .option('--identifier <kind:value>', 'what HELD knows it by (RFC 6155); may be given again', repeated)
    .addOption(new Option('--at <lat,lon>', 'where it is, in degrees').argParser(parsePlace))
    .option('--radius <metres>', 'uncertainty of the place', amount)
    .option('--confidence <percent>', 'how surely it is within', amount)
    .option('--civic <name=value>', 'element of its address (RFC 5139); may be given again', civicElement)
    .option('--method <token>', 'how it was found')
    .option('--ttl <seconds>', 'for how long that is known', amount)
    .option('--dry-run', 'show what would be sent')
    .action(running(async (...args: Parameters<Devices['lisPut']>) => (await devices()).lisPut(...args)));
  command('rm', 'forget a device')
    .argument('<id>')
    .action(
      running(async (...args: Parameters<Devices['lisRemove']>) => (await devices()).lisRemove(...args)),
    );
  command('load', 'devices of a file')
    .argument('<file>', '.csv, .ndjson, or .json with an array')
    .option('--partial', 'take what can be used; else nothing where anything is wrong')
    .option('--dry-run', 'say what would be done')
    .action(running(async (...args: Parameters<Devices['lisLoad']>) => (await devices()).lisLoad(...args)));
  command('uris', 'location URIs that were given out for a device')
    .argument('<id>')
    .option('--revoke [uri]', 'make them void, or only one of them')
    .action(running(async (...args: Parameters<Devices['lisUris']>) => (await devices()).lisUris(...args)));
  command('where', 'where a device is, asked by HELD')
    .argument('<identity>', 'uri:sip:caller1@provider.lab, ip:192.0.2.7, … or "address"')
    .option('--route [urn]', 'and who serves it (RFC 7840)')
    .option('--reference', 'and a location URI')
    .option('--wait <seconds>', 'how long the LIS may look for it', amount)
    .action(
      running(async (identity: string, o: LisWhereOptions) =>
        (await import('./lis-where.js')).lisWhere(identity, o),
      ),
    );
}
