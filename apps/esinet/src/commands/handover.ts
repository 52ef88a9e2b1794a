import { type Command, Option } from 'commander';
import { atMost, duration, repeated, several, time, withholding } from './handover-arguments.js';

type Running = <A extends unknown[]>(
  command: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

const examples = `Examples:
  esinet handover request --authority lab --ldid ES-LAB-1 --order "Order 12/2026" --about sip:caller1@provider.lab
      --categories traffic,content --last 1h --valid-for 7d
  esinet handover freeze CASE                        the records it is about, as they are now
  esinet handover review CASE                        what would leave, as people look at it
  esinet handover review CASE --withhold 3:text:privileged --seal
  esinet handover approve CASE --as approver1        twice, by two people: the second approval sends
  esinet handover deliveries CASE --watch            until it is acknowledged
  esinet handover audit --verify

CASE is an id, the beginning of one, or "last".
`;

const after = `
People and what they may: clerk (requests, freezes, closes), reviewer (reviews), approver1 and approver2 (approve, suspend,
reject), admin (authorities), auditor (audit). How a case goes: docs/handover.md
Exit codes: 0 fine, 1 refused or failed, 2 wrong use, 3 nobody there.`;

// Loaded when one of the commands runs.
type Cases = typeof import('./handover-cases.js');
const cases = (): Promise<Cases> => import('./handover-cases.js');
type Authorities = typeof import('./handover-authorities.js');
const authorities = (): Promise<Authorities> => import('./handover-authorities.js');

/** `esinet handover …`: the desk of the hand-over of records (TS 103 707). */
export function addHandover(
  esinet: Command,
  running: Running,
  o: { json: Option; offset: Option; data: Option; seconds: (text: string) => number },
): void {
  const handover = esinet
    .command('handover')
    .description(
      'records handed over to an authority under an order in force: intake, review, approval, delivery',
    )
    .addHelpText('before', examples)
    .addHelpText('after', after);
  const command = (name: string, description: string): Command =>
    handover
      .command(name)
      .description(description)
      .option('--as <name>', 'in whose name: of handover/people.json in the data folder')
      .option('--token <token>', 'instead of --as')
      .option('--url <url>', 'another desk than that of the lab')
      .addOption(o.offset)
      .addOption(o.data)
      .addOption(o.json);

  command('authorities', 'who was onboarded').action(
    running(async (...args: Parameters<Authorities['authorities']>) =>
      (await authorities()).authorities(...args),
    ),
  );
  command('onboard', 'an authority whose identity people have made sure of')
    .argument('<file>', 'JSON, as docs/handover.md describes it')
    .option('--certificate <pem>', 'its certificate; may be given again', repeated)
    .action(
      running(async (...args: Parameters<Authorities['onboard']>) => (await authorities()).onboard(...args)),
    );
  command('pause', 'nothing more leaves for an authority')
    .argument('<authority>')
    .requiredOption('--reason <words>', 'for the colleagues')
    .action(
      running(async (...args: Parameters<Authorities['pause']>) => (await authorities()).pause(...args)),
    );
  command('unpause', 'it goes on')
    .argument('<authority>')
    .action(
      running(async (...args: Parameters<Authorities['unpause']>) => (await authorities()).unpause(...args)),
    );

  command('request', 'an order of an authority becomes a case')
    .option('--authority <id>', 'as it was onboarded')
    .option('--ldid <id>', 'reference of a disclosure of stored records')
    .option('--liid <id>', 'reference of records as they are recorded')
    .option('--order <words>', 'number or name of the order')
    .option(
      '--about <selector>',
      'tel:, sip: or Call Identifier, exactly one party or call; may be given again',
      repeated,
    )
    .option('--categories <list>', 'subscriber, traffic, content, location', several)
    .option('--from <time>', 'records from then on: 2026-03-01T00:00:00Z', time)
    .option('--until <time>', 'and before then', time)
    .option('--last <duration>', 'instead: records of the last 30 min, 1 h, 2 d', duration)
    .option('--valid-from <time>', 'when the order begins to be in force (default: now)', time)
    .option('--valid-until <time>', 'when it ends', time)
    .option('--valid-for <duration>', 'instead: 7 d', duration)
    .option('--include-tests', 'test calls too')
    .option('--review-batches', 'LIID: somebody looks at each batch')
    .option('--salt <hex>', 'what the authority sent along (TS 103 707 D.4)')
    .option('--hash <hex>', 'and its hash of the selectors with that salt')
    .option('--file <file>', 'all of it as JSON')
    .addOption(new Option('--ld-task <file>', 'an HI1 message with an LDTask').conflicts('file'))
    .action(running(async (...args: Parameters<Cases['request']>) => (await cases()).request(...args)));
  command('cases', 'all of them').action(
    running(async (...args: Parameters<Cases['cases']>) => (await cases()).cases(...args)),
  );
  command('show', 'one case, and what comes next')
    .argument('<case>')
    .action(running(async (...args: Parameters<Cases['show']>) => (await cases()).show(...args)));
  command('freeze', 'keeps the records it is about as they are now')
    .argument('<case>')
    .action(running(async (...args: Parameters<Cases['freeze']>) => (await cases()).freeze(...args)));
  command('review', 'shows what would leave; with --seal makes the documents of it')
    .argument('<case>')
    .addOption(
      new Option(
        '--withhold <n:what:why>',
        '3:text:privileged; message, text, parts, location : third-party, privileged, reviewer',
      ).argParser(withholding),
    )
    .option('--seal', 'build, check and seal')
    .action(
      running(async (...args: Parameters<typeof import('./handover-review.js').review>) =>
        (await import('./handover-review.js')).review(...args),
      ),
    );
  command('documents', 'what was sealed')
    .argument('<case>')
    .option('--out <folder>', 'write its bytes there')
    .action(
      running(async (...args: Parameters<typeof import('./handover-approve.js').documents>) =>
        (await import('./handover-approve.js')).documents(...args),
      ),
    );
  command('approve', 'exactly these bytes may leave; the second approval sends')
    .argument('<case>')
    .option('--digest <digest>', 'what you saw, where it is not what is there now it is refused')
    .option('--yes', 'do not ask')
    .action(
      running(async (...args: Parameters<typeof import('./handover-approve.js').approve>) =>
        (await import('./handover-approve.js')).approve(...args),
      ),
    );
  command('deliveries', 'what is on its way, and what became of it')
    .argument('<case>')
    .option('--watch', 'until all of it is there or has failed')
    .option('--every <seconds>', 'with --watch', o.seconds, 1)
    .action(
      running(async (...args: Parameters<typeof import('./handover-deliveries.js').deliveries>) =>
        (await import('./handover-deliveries.js')).deliveries(...args),
      ),
    );
  for (const [what, description] of steps) {
    command(what, description)
      .argument('<case>')
      .action(
        running(async (id: string, options: Parameters<Cases['show']>[1]) =>
          (await cases()).step(what, id, options),
        ),
      );
  }
  command('audit', 'who did what, in a chain that nobody can change unseen')
    .option('--case <case>', 'of one case')
    .option('--verify', 'whether the chain is whole')
    .option('--limit <n>', 'at most so many', atMost, 100)
    .action(
      running(async (...args: Parameters<typeof import('./handover-audit.js').audit>) =>
        (await import('./handover-audit.js')).audit(...args),
      ),
    );
}

const steps = [
  ['send', 'what was approved, again after a failure'],
  ['suspend', 'nothing more leaves of it, at once'],
  ['resume', 'it goes on, and has to be approved again'],
  ['reject', 'the order is not followed'],
  ['close', 'the end: selectors, salt, records and documents are destroyed'],
] as const;
