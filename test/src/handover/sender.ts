/**
 * The hand-over as a program of its own, for the kill test: real records, real TLS, and people who go on where a case was
 * left. It ends itself with SIGKILL at the moment it was told, counted over everything that is made durable.
 */
import { createInterface } from 'node:readline';
import { HandoverElement, handoverConfigSchema, sealsDigest } from '@esinet/element-handover';
import { profileDefaults } from '@esinet/handover';
import { messageOf, silentLogger, systemClock } from '@esinet/kernel';
import { HealthChecks, LevelRecords, PrometheusMetrics, type Records } from '@esinet/platform';
import { type SenderTask, callerOf, referenceOf } from './sender-task.js';

const authority = 'pj';
const clerk = { name: 'clara', roles: ['handover-clerk', 'administrator'] } as const;
const reviewer = { name: 'rita', roles: ['handover-reviewer'] } as const;
const approvers = ['anna', 'ben'].map((name) => ({ name, roles: ['approver'] as const }));

/** Dies at the `at`-th moment: before or after one of the writes. 0 is never. */
function dying(records: Records, at: number): Records {
  let moment = 0;
  const around = async <T>(write: () => Promise<T>): Promise<T> => {
    pass();
    const done = await write();
    pass();
    return done;
  };
  const pass = (): void => {
    if (++moment === at) process.kill(process.pid, 'SIGKILL');
  };
  return {
    append: (...args) => around(() => records.append(...args)),
    put: (...args) => around(() => records.put(...args)),
    write: (...args) => around(() => records.write(...args)),
    get: (...args) => records.get(...args),
    list: (...args) => records.list(...args),
    claim: (name) => records.claim(name),
    close: () => records.close(),
  };
}

async function opened(
  task: SenderTask,
  at: number,
): Promise<{ element: HandoverElement; close: () => Promise<void> }> {
  const own = await LevelRecords.open(`${task.data}/own`);
  const chats = await LevelRecords.open(`${task.data}/chats`);
  const config = handoverConfigSchema.parse({
    vault: { folder: `${task.data}/keys`, masterKey: '5a'.repeat(32) },
    delivery: { firstPauseMs: 20, mostPauseMs: 100, everyMs: 50, timeoutMs: 5_000 },
  });
  const element = await HandoverElement.open(config, {
    own: dying(own, at),
    chats: {
      get: (...args) => chats.get(...args),
      list: (...args) => chats.list(...args),
      check: () => Promise.resolve(undefined),
      close: () => chats.close(),
    },
    ...{ tls: task.tls, dataFolder: task.data, clock: systemClock, logger: silentLogger },
    ...{ metrics: new PrometheusMetrics(), health: new HealthChecks(systemClock), chance: Math.random },
  });
  if (!element.authorities.get(authority)) {
    const onboarded = await element.authorities.onboard({
      ...{
        id: authority,
        name: 'Policía Judicial',
        deliveryUrl: `${task.url}/hi1`,
        objectsUrl: `${task.url}/binaryData/`,
      },
      ...{ certificates: [task.pin], hash: { algorithm: 'sha-256', construct: 'hmac' } },
      ...{ onboardedBy: 'olga', onboardedAt: '2026-01-01T00:00:00.000Z' },
      profile: {
        specification: '1.5.1',
        ...profileDefaults['1.5.1'],
        ...{ binary: 'B', maxItems: 2, sender: { countryCode: 'XX', uniqueIdentifier: 'psap-archive' } },
      },
    });
    if (!onboarded.ok) throw new Error(onboarded.error.join('; '));
  }
  await element.start();
  return {
    element,
    close: async () => {
      await element.close();
      await own.close();
    },
  };
}

/** What people do with a case until it is under way; undefined where it is. */
async function nextStep({ desk, vault }: HandoverElement, number: number): Promise<string | undefined> {
  const head = (await vault.heads()).find(({ reference }) => reference === referenceOf(number));
  if (!head) {
    const taken = await desk.takeIn(
      {
        authority,
        ...{ reference: { kind: 'LDID', value: referenceOf(number) }, legalReference: `order ${number}` },
        ...{ selectors: [{ kind: 'uri', value: callerOf(number) }], categories: ['traffic', 'content'] },
        range: { from: '2026-03-04T08:00:00Z', until: '2026-03-04T09:00:00Z' },
        validity: { from: '2026-01-01T00:00:00Z', until: new Date(Date.now() + 86_400_000).toISOString() },
      },
      clerk,
    );
    return taken.ok ? 'taken in' : JSON.stringify(taken.error);
  }
  const c = await desk.get(head.id);
  switch (head.phase) {
    case 'requested':
      return JSON.stringify(await desk.freeze(head.id, clerk));
    case 'in-review':
      return JSON.stringify(await desk.review(head.id, [], reviewer));
    case 'sealed': {
      const [first, second] = approvers;
      const by = c?.approvals.some((approval) => approval.by === first?.name) ? second : first;
      return JSON.stringify(by && (await desk.approve(head.id, sealsDigest(c?.seals ?? []), by)));
    }
    case 'approved':
      return JSON.stringify(await desk.send(head.id));
    default:
      return undefined;
  }
}

async function main(task: SenderTask, at: number): Promise<void> {
  const { element, close } = await opened(task, at);
  for (let number = 1; number <= task.cases; number++) {
    for (let said = 0; (await nextStep(element, number)) !== undefined; said++) {
      if (said > 20) throw new Error(`case ${number} does not go on`);
    }
  }
  for (;;) {
    const heads = await element.vault.heads();
    if (heads.every(({ phase }) => phase === 'delivered') && (await element.outbox.waiting()).length === 0)
      break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const audit = await element.audit.check();
  await close();
  process.stdout.write(`${JSON.stringify({ audit })}\n`);
}

const [, , task] = process.argv;
if (task !== undefined) {
  // Started ahead of its time: it begins when it is told at which moment to die.
  createInterface(process.stdin).once('line', (line) => {
    main(JSON.parse(task) as SenderTask, Number(line)).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${messageOf(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.stdout.write('ready\n');
}
