import { Command, InvalidArgumentError, Option } from 'commander';
import type { PositionQuestion } from '@esinet/element-app';
import { parseDevice } from '@esinet/element-app/device';
import { addBadActors } from './commands/bad-actors.js';
import { addDoctor } from './commands/doctor.js';
import { addGis } from './commands/gis.js';
import { addHandover } from './commands/handover.js';
import { addLis } from './commands/lis.js';
import { addPolicy } from './commands/policy.js';
import { addQueues } from './commands/queues.js';
import { addRecords } from './commands/records.js';
import { addState } from './commands/state.js';
import { parseCivic, parsePlace, parsePlaces } from './place.js';
import { exit } from './terminal.js';

const examples = `
Examples:
  esinet up                                           run a whole ESInet on this machine
  esinet chat --at 40.4168,-3.7038 "help"             chat with the 112 centre of that place
  esinet chat --at 40.4168,-3.7038 --lose-network 5 "help" "third floor"
                                                      the same with a network that fails in the middle
  esinet sensor --at 40.4168,-3.7038 --every 1 --threshold 70 --count 20
                                                      a thing that reports by itself
  esinet alert --at 40.4168,-3.7038 --cap samples/alert.xml
                                                      a call without a conversation
  esinet bot --centre madrid                          asks the first questions for the call takers of a centre
  esinet where 41.3874,2.1686 --explain               which centre serves a place
  esinet where --civic "country=ES,A1=Madrid,RD=Alcalá,HNO=42" --validate
                                                      which centre serves an address, and what of it is known
  esinet why                                          the latest calls, and why each went where it went
  esinet roaming                                      two ESInets whose callers are answered where they stand

Exit codes: 0 fine, 1 failed, 2 wrong use, 3 nobody there.`;

const transports = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('A port is 0 to 65535.');
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('Seconds are a number from 0 up.');
  }
  return value;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Not a number.');
  return value;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('A number from 1 up.');
  return value;
}

function identity(text: string): PositionQuestion['device'] {
  const device = parseDevice(text);
  if (!device.ok) throw new InvalidArgumentError(device.error);
  return device.value;
}

/** An option that may be given several times, or once with commas. */
function several(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map((each) => each.trim())].filter((each) => each !== '');
}

/** An option that may be given several times, with commas of its own. */
function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
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

/** The same for a command whose module is loaded when it runs: most take longer to load than to be described. */
function loading<A extends unknown[]>(
  load: () => Promise<(...args: A) => Promise<number> | number>,
): (...args: A) => Promise<void> {
  return running(async (...args: A) => (await load())(...args));
}

/**
 * What commander cannot tell apart by itself: a place south of the equator looks like an option, so it gets a blank
 * before it; and what follows `--held` is a text to be said unless it is a URL.
 */
export function argvOf(argv: readonly string[]): string[] {
  return argv.map((word, i) => {
    if (/^-\d[\d.]*,/.test(word)) return ` ${word}`;
    return word === '--held' && !/^https?:/.test(argv[i + 1] ?? '') ? '--held=lab' : word;
  });
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
    .action(loading(async () => (await import('./commands/up.js')).up));

  esinet
    .command('roaming')
    .description(
      'run two ESInets, Spain and Portugal, with peered borders and a forest guide (TS 103 698 D.2)',
    )
    .addOption(new Option('--data <folder>', 'folder of both').default('data/roaming'))
    .addOption(
      new Option('--port-offset <n>', "move every port by n; Portugal's are 1000 above")
        .argParser(port)
        .default(0),
    )
    .option('--trace', 'a line for each chat message: which elements it came through')
    .addOption(
      new Option('--log-level <level>', 'what is logged')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('warn'),
    )
    .addOption(json)
    .action(loading(async () => (await import('./commands/roaming.js')).roaming));

  const caller = (command: Command): Command =>
    command
      .addOption(new Option('--at <lat,lon>', 'where you are, in degrees').argParser(parsePlace))
      .addOption(new Option('--via <transport>', 'the way to the ESInet').choices(transports).default('udp'))
      .option('--service <urn>', 'the service', 'urn:service:sos')
      .option(
        '--location-uri <uri>',
        'location by reference, beside or instead of --at; may be given again',
        repeated,
      )
      .option('--held [url]', 'ask a LIS where you are; without a URL that of the lab')
      .addOption(
        new Option(
          '--identity <kind:value>',
          'what the LIS knows you by; "address" for the address you ask from (default: the account, as URI)',
        ).argParser(identity),
      )
      .option('--radius <metres>', 'uncertainty of the place', number)
      .option(
        '--as <account>',
        'account at the provider, with ws and wss; caller1@its.domain where that is not the lab',
        'caller1',
      )
      .option('--host <address>', 'where the ESInet is', '127.0.0.1')
      .addOption(new Option('--port <n>', 'another port than the lab has for that transport').argParser(port))
      .addOption(offset)
      .addOption(data)
      .addOption(json);
  const person = (command: Command): Command =>
    caller(command.argument('[text...]', 'what to say, one message each'))
      .option('--did <did>', 'Decentralised Identifier of the person')
      .option('--language <tags>', 'languages of the person, best first: ca,es', several);

  person(esinet.command('chat').description('chat as a person in need; without a text, interactive'))
    .option(
      '--attach <file>',
      'goes with the first message; FILE or "FILE;content/type"; may be given again',
      repeated,
    )
    .option('--inactive <seconds>', 'the app goes to the background then', seconds)
    .addOption(
      new Option('--move <places>', 'places to go to while chatting: lat,lon;lat,lon').argParser(parsePlaces),
    )
    .option('--move-every <seconds>', 'from one place to the next', seconds, 3)
    .option('--lose-network <seconds>', 'no network for that long once the centre has answered', seconds)
    .option('--check-service', 'tell beforehand whether the service is offered at the place')
    .option('--lost <url>', 'the ECRF for --check-service')
    .option('--wait <seconds>', 'how long to wait for an answer to each message', seconds, 10)
    .action(loading(async () => (await import('./commands/chat.js')).chat));

  person(esinet.command('send').description('send one start of a chat and show what went over the wire'))
    .option('--raw', 'whole messages')
    .action(loading(async () => (await import('./commands/send.js')).send));

  caller(
    esinet
      .command('sensor')
      .description('a thing that reports by itself: readings from standard input, one a line, or simulated'),
  )
    .option('--name <name>', 'what it is called', 'Sensor')
    .option('--quantity <word>', 'what it measures', 'temperature')
    .option('--unit <unit>', 'of the values', '°C')
    .option(
      '--threshold <value>',
      'silent until a reading reaches it; without one it reports from the first',
      number,
    )
    .option('--every <seconds>', 'simulated readings, that far apart', seconds)
    .option('--count <n>', 'readings until it stops', count)
    .option('--classification <token>', 'kind of device (RFC 7852)', 'sensor-fixed')
    .option('--manufacturer <name>', 'who made it')
    .option('--model <name>', 'model')
    .option('--serial <number>', 'serial number')
    .option('--wait <seconds>', 'how long to wait for the centre', seconds, 10)
    .addHelpText('after', '\nA line is 81.5, temperature=81.5 °C, or {"value": 81.5}.')
    .action(loading(async () => (await import('./commands/sensor.js')).sensor));

  caller(esinet.command('alert').description('an alert without a conversation (RFC 8876, CAP 1.2)'))
    .option('--cap <file>', 'the alert; it is checked before it is sent')
    .option('--cap-uri <url>', 'where the alert can be fetched, instead')
    .option('--unchecked', 'send it even if it is not in order')
    .option('--wait <seconds>', 'stay that long to hear whether the centre says something', seconds, 0)
    .action(loading(async () => (await import('./commands/alert.js')).alert));

  esinet
    .command('bot')
    .description('a chatbot at a PSAP: asks the first questions in new chats, then hands over to a person')
    .option('--psap <url>', 'REST interface of the PSAP; default that of the lab')
    .option('--centre <names>', 'only chats of these centres: madrid,catalunya', several)
    .option('--questions <file>', 'JSON: greeting, questions [{label, ask}], goodbye, personWords')
    .option('--name <taker>', 'call taker it signs on as', 'bot')
    .option('--seats <n>', 'chats at once', count, 100)
    .option('--patience <seconds>', 'without an answer for that long a person takes over', seconds, 60)
    .addOption(offset)
    .addOption(json)
    .action(loading(async () => (await import('./commands/bot.js')).bot));

  esinet
    .command('where')
    .description('which centre serves a place, as the ECRF answers')
    .argument('[lat,lon]', 'latitude and longitude in degrees')
    .addOption(
      new Option('--civic <elements>', 'an address instead: country=ES,A1=Madrid,RD=Alcalá,HNO=42').argParser(
        parseCivic,
      ),
    )
    .option('--validate', 'with --civic: which of its elements are valid')
    .option('--service <urn>', 'service URN, or sos.fire for short', 'urn:service:sos')
    .option('--lost <url>', 'another ECRF than the lab has')
    .addOption(offset)
    .option('--explain', 'boundary, number, warnings, path')
    .option('--iterative', 'a server that is not responsible names the one that is, instead of asking it')
    .option('--services', 'the services there are for the place, each with its centre')
    .addOption(json)
    .action(loading(async () => (await import('./commands/where.js')).where));

  esinet
    .command('why')
    .description('why a call went where it went; without an identifier, the latest calls')
    .argument('[call]', 'Call Identifier or SIP Call-ID')
    .option('--console <url>', 'another ESInet than the lab')
    .option('--replay', 'and what the policies of now would do with it')
    .option('--limit <n>', 'calls in the list', count, 20)
    .addOption(offset)
    .addOption(json)
    .action(loading(async () => (await import('./commands/why.js')).why));

  esinet
    .command('watch')
    .description('where a location URI leads to, and where it goes from there')
    .argument(
      '<location-uri>',
      'sip:, sips: or pres: is subscribed to, http: or https: is asked again and again',
    )
    .option('--every <seconds>', 'between two positions at least', seconds, 5)
    .option(
      '--at-least-every <seconds>',
      'tell the position that often although it has not moved (SIP)',
      seconds,
    )
    .option('--moved <metres>', 'leave out shorter ways (SIP)', number)
    .option('--once', 'the position now, and no more')
    .option('--count <n>', 'positions until it stops', count)
    .option('--server <host:port>', 'presence server; of a pres: URI that of the lab')
    .addOption(offset)
    .addOption(data)
    .addOption(json)
    .action(loading(async () => (await import('./commands/watch.js')).watch));

  esinet
    .command('boundaries')
    .description("the lab's service areas as GeoJSON, to look at or to start from")
    .action(loading(async () => (await import('./commands/boundaries.js')).boundaries));

  addLis(esinet, running, { json, offset });
  addGis(esinet, running, json);
  addState(esinet, running, { json, offset });
  addPolicy(esinet, running, json);
  addRecords(esinet, running, json);
  addQueues(esinet, running, { json, offset, seconds });
  addBadActors(esinet, running, { json, offset, data });
  addHandover(esinet, running, { json, offset, data, seconds });

  addDoctor(esinet, running, json);

  const pki = esinet.command('pki').description('certificates of the lab');
  pki
    .command('init')
    .description('make what is missing')
    .option('--name <name>', 'one more, as psap-b or psap-b=its.domain; may be given again', repeated)
    .addOption(data)
    .addOption(json)
    .action(loading(async () => (await import('./commands/pki.js')).pkiInit));
  pki
    .command('ls')
    .description('names, days left, fingerprints')
    .addOption(data)
    .addOption(json)
    .action(loading(async () => (await import('./commands/pki.js')).pkiList));

  const config = esinet.command('config').description('the configuration');
  config
    .command('check')
    .description('every problem with its place')
    .option('--config <file>', 'YAML')
    .action(loading(async () => (await import('./commands/config.js')).configCheck));
  config
    .command('show')
    .description('every value in force')
    .option('--config <file>', 'YAML')
    .option('--origin', 'and where it comes from')
    .addOption(json)
    .action(loading(async () => (await import('./commands/config.js')).configShow));

  return esinet;
}
