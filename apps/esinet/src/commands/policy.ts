import { type Command, InvalidArgumentError, Option } from 'commander';
import { parsePlace, parseService } from '../place.js';
import type { PolicyCheckOptions } from './policy-check.js';
import type { PolicyTestOptions } from './policy-test.js';

type Running = <A extends unknown[]>(
  command: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

const examples = `Examples:
  esinet policy check samples/policies                       every problem with its place
  esinet policy test samples/policies --at 2026-03-01T23:30:00+01:00 --next-hop sip:madrid@psap.esinet.internal
                                                             where a call at night goes, by which rule, and why not by others
  esinet policy test samples/policies --request start.sip --state queue:sip:madrid@psap.esinet.internal=Full
  esinet policy test rules.json --posture PSAP@psap.esinet.internal=Red --expect sip:bunker@psap.esinet.internal
                                                             the same in a script: exit code 1 where it goes elsewhere
`;

const after = `
Files are JSON, one policy each (NENA-STA-010 3.3), or such a policy signed as flattened JSON JWS; folders stand for their *.json.
Exit codes: 0 fine, 1 a problem, or not what was expected, 2 wrong use, 3 a file that cannot be read.`;

function again(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

function time(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('A time is 2026-03-01T23:30:00+01:00.');
  return ms;
}

function header(
  text: string,
  before: readonly (readonly [string, string])[] = [],
): (readonly [string, string])[] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError("A header is 'Name: value'.");
  return [...before, [text.slice(0, colon).trim(), text.slice(colon + 1).trim()]];
}

function score(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 100) throw new InvalidArgumentError('Suspicion is 0 to 100.');
  return value;
}

/** `esinet policy`: for people who write rules. What it needs is loaded when one of its commands runs. */
export function addPolicy(esinet: Command, running: Running, json: Option): void {
  const policy = esinet
    .command('policy')
    .description('for people who write route policies: check, try out')
    .addHelpText('before', examples)
    .addHelpText('after', after);
  policy
    .command('check')
    .description('everything that is wrong with a set of policies')
    .argument('<file...>', 'files and folders')
    .option('--key <file>', 'PEM: the public key or certificate they have to be signed by')
    .addOption(json)
    .addHelpText('after', after)
    .action(
      running(async (files: readonly string[], o: PolicyCheckOptions) =>
        (await import('./policy-check.js')).policyCheck(files, o),
      ),
    );
  policy
    .command('test')
    .description(
      'where a call would go: the rule that decides, and of every rule before it what was not true',
    )
    .argument('<file...>', 'files and folders')
    .option('--key <file>', 'PEM: the public key or certificate they have to be signed by')
    .option('--request <file>', 'the call, as it goes over the wire')
    .option('--uri <uri>', 'Request-URI of the call (default: urn:service:sos)')
    .option('--method <method>', 'of the call (default: MESSAGE)')
    .option('--header <name: value>', 'a header of the call; may be given again', header)
    .option('--body <file>', 'body of the call; its type is given by --header Content-Type')
    .addOption(new Option('--at <time>', 'when it comes in (default: now)').argParser(time))
    .option(
      '--queue <uri>',
      'the queue it comes in on (default: the only one with a policy, or the Request-URI)',
    )
    .option('--next-hop <uri>', 'its normal next hop, as LoST named it')
    .addOption(
      new Option('--service <urn>', 'what LoST was asked for (default: the Request-URI)').argParser(
        parseService,
      ),
    )
    .addOption(new Option('--at-place <lat,lon>', 'where the caller is').argParser(parsePlace))
    .addOption(new Option('--radius <metres>', 'uncertainty of the place').argParser(Number))
    .option('--source <name>', 'the network or element it came from, as the border names it')
    .addOption(new Option('--suspicion <score>', '0 to 100, as the border marked it').argParser(score))
    .addOption(
      new Option('--verification <status>', 'of the calling number').choices([
        'TN-Validation-Passed',
        'TN-Validation-Failed',
        'No-TN-Validation',
      ]),
    )
    .option(
      '--state <kind:name=value>',
      'what is known: service:PSAP@its.domain=Down, queue:sip:a@b=Full, element:host=Down; may be given again',
      again,
    )
    .option('--posture <service=value>', 'security posture: PSAP@its.domain=Red; may be given again', again)
    .option('--expect <outcome>', 'none, busy, or the URI it has to go to; else exit code 1')
    .addOption(json)
    .addHelpText('before', examples)
    .addHelpText('after', after)
    .action(
      running(async (files: readonly string[], o: PolicyTestOptions) =>
        (await import('./policy-test.js')).policyTest(files, o),
      ),
    );
}
