import { Command, InvalidArgumentError, Option } from 'commander';
import { boundaries } from './commands/boundaries.js';
import { chat } from './commands/chat.js';
import { configCheck, configShow } from './commands/config.js';
import { pkiInit, pkiList } from './commands/pki.js';
import { send } from './commands/send.js';
import { up } from './commands/up.js';
import { where } from './commands/where.js';
import { parsePlace } from './place.js';
import { exit } from './terminal.js';

const examples = `
Examples:
  esinet up                                           run a whole ESInet on this machine
  esinet chat --at 40.4168,-3.7038 "help"             chat with the 112 centre of that place
  esinet where 41.3874,2.1686 --explain               which centre serves a place

Exit codes: 0 fine, 1 failed, 2 wrong use, 3 nobody there.`;

const transports = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('A port is 0 to 65535.');
  return value;
}

/** Runs a command and keeps its exit code. Our timers do not hold the process: until the command is done, this does. */
function running<A extends unknown[]>(
  command: (...args: A) => Promise<number> | number,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const held = setInterval(() => undefined, 60_000);
    try {
      process.exitCode = await command(...args);
    } finally {
      clearInterval(held);
    }
  };
}

/** A place south of the equator looks like an option to whoever reads the command line: a blank before it tells them apart. */
export function withPlaces(argv: readonly string[]): string[] {
  return argv.map((word) => (/^-\d[\d.]*,/.test(word) ? ` ${word}` : word));
}

export function program(): Command {
  const esinet = new Command('esinet')
    .description('Core elements of an emergency services network, in one program.')
    .addHelpText('after', examples)
    .showHelpAfterError('(esinet --help shows how)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exit.ok : exit.usage));

  const data = new Option('--data <folder>', 'folder of certificates and records').default('data');
  const json = new Option('--json', 'for programs: JSON on standard output');
  const offset = new Option('--port-offset <n>', 'the lab whose ports are moved by n')
    .argParser(port)
    .default(0);

  esinet
    .command('up')
    .description('run every element in this process')
    .option('--config <file>', 'YAML; without it esinet.yaml where there is one, else the lab')
    .option('--data <folder>', 'folder of certificates and records')
    .addOption(new Option('--port-offset <n>', 'move every port by n').argParser(port))
    .option('--without <elements>', 'leave elements out: ecrf,lis')
    .addOption(
      new Option('--log-level <level>', 'what is logged').choices([
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
    .addOption(json)
    .action(running(up));

  const caller = (command: Command): Command =>
    command
      .argument('[text...]', 'what to say, one message each')
      .addOption(new Option('--at <lat,lon>', 'where you are, in degrees').argParser(parsePlace))
      .addOption(new Option('--via <transport>', 'the way to the ESInet').choices(transports).default('udp'))
      .option('--service <urn>', 'the service', 'urn:service:sos')
      .option('--location-uri <uri>', 'location by reference instead of --at')
      .option('--radius <metres>', 'uncertainty of the place', Number)
      .option('--host <address>', 'where the ESInet is', '127.0.0.1')
      .addOption(new Option('--port <n>', 'another port than the lab has for that transport').argParser(port))
      .addOption(offset)
      .addOption(data)
      .addOption(json);

  caller(esinet.command('chat').description('chat as a person in need; without a text, interactive'))
    .option('--as <account>', 'account at the provider, with ws and wss', 'caller1')
    .option('--wait <seconds>', 'how long to wait for an answer to each message', Number, 10)
    .action(running(chat));

  caller(esinet.command('send').description('send one start of a chat and show what went over the wire'))
    .option('--raw', 'whole messages')
    .action(running(send));

  esinet
    .command('where')
    .description('which centre serves a place, as the ECRF answers')
    .argument('<lat,lon>', 'latitude and longitude in degrees')
    .option('--service <urn>', 'service URN, or sos.fire for short', 'urn:service:sos')
    .option('--lost <url>', 'another ECRF than the lab has')
    .addOption(offset)
    .option('--explain', 'boundary, number, warnings, path')
    .addOption(json)
    .action(running(where));

  esinet
    .command('boundaries')
    .description("the lab's service areas as GeoJSON, to look at or to start from")
    .action(running(boundaries));

  const pki = esinet.command('pki').description('certificates of the lab');
  pki
    .command('init')
    .description('make what is missing')
    .addOption(data)
    .addOption(json)
    .action(running(pkiInit));
  pki
    .command('ls')
    .description('names, days left, fingerprints')
    .addOption(data)
    .addOption(json)
    .action(running(pkiList));

  const config = esinet.command('config').description('the configuration');
  config
    .command('check')
    .description('every problem with its place')
    .option('--config <file>', 'YAML')
    .action(running(configCheck));
  config
    .command('show')
    .description('every value in force')
    .option('--config <file>', 'YAML')
    .option('--origin', 'and where it comes from')
    .addOption(json)
    .action(running(configShow));

  return esinet;
}
