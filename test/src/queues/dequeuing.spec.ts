import { Agent } from 'node:https';
import { httpExchange } from '@esinet/kernel';
import { type TlsOptions, ensureLabPki, loadTls } from '@esinet/platform';
import { temporaryFolder, until } from '@esinet/testing';
import { afterEach, expect, it } from 'vitest';
import { type RouterLab, madrid, startRouterLab, textOf, toledo } from './router-lab.js';

let lab: RouterLab | undefined;

afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

const clause = 'TS 103 479 (NENA i3 Dequeue Registration)';
const queues = { list: [{ uri: madrid, alternates: [toledo], dequeuers: { loopback: true } }] };
const desk = (n: number): string => `sip:desk${n}@psap.madrid.internal`;
const route = (message: { header(name: string): string | undefined }): string | undefined =>
  /<([^;>]+)/.exec(message.header('Route') ?? '')?.[1];

it('a queue without dequeuers is inactive, and its alternate serves', { meta: { clause } }, async () => {
  lab = await startRouterLab(queues);
  expect((await lab.queues()).queues[0]).toMatchObject({ state: 'Inactive', dequeuers: [] });
  expect(await lab.call('chat 1')).toBe(200);
  expect(lab.toledo.received.map(textOf)).toEqual(['chat 1']);
});

it(
  'those registered get the calls: the highest preference, among equals by turns',
  { meta: { clause } },
  async () => {
    lab = await startRouterLab(queues);
    const register = (n: number, dequeuePreference: number, expirationTime = 60) =>
      lab!.register({ queueUri: madrid, dequeuerUri: desk(n), expirationTime, dequeuePreference });
    expect(await register(1, 5)).toEqual({ status: 200, body: { expirationTime: 60 } });
    await register(2, 5);
    await register(3, 1);
    for (let i = 0; i < 4; i++) expect(await lab.call(`chat ${i}`)).toBe(200);
    expect(lab.madrid.received.map(({ message }) => route(message))).toEqual([
      desk(1),
      desk(2),
      desk(1),
      desk(2),
    ]);
    expect(await register(1, 5, 0)).toEqual({ status: 200, body: { expirationTime: 0 } });
    await register(2, 5, 0);
    expect(await lab.call('chat 5')).toBe(200);
    expect(lab.madrid.received.map(({ message }) => route(message)).at(-1)).toBe(desk(3));
    expect((await lab.queues()).queues[0]?.dequeuers).toMatchObject([
      { dequeuerUri: desk(3), preference: 1 },
    ]);
  },
);

it('a registration ends by itself', { timeout: 20_000, meta: { clause } }, async () => {
  lab = await startRouterLab(queues);
  const running = lab;
  await lab.register({ queueUri: madrid, dequeuerUri: desk(1), expirationTime: 1 });
  expect((await lab.queues()).queues[0]?.state).toBe('Active');
  await until(async () => (await running.queues()).queues[0]?.state === 'Inactive');
});

it('a registration that is not in order is refused with its code', { meta: { clause } }, async () => {
  lab = await startRouterLab({
    list: [
      ...queues.list,
      { uri: toledo, dequeuers: { names: ['URI:sip:psap.toledo.internal'] } },
      { uri: desk(9) },
    ],
  });
  const right = { queueUri: madrid, dequeuerUri: desk(1), expirationTime: 60, dequeuePreference: 3 };
  const refused: readonly (readonly [object, number])[] = [
    [{ ...right, expirationTime: -1 }, 454],
    [{ ...right, expirationTime: '60' }, 454],
    [{ ...right, dequeuerUri: 'tel:112' }, 454],
    [[], 454],
    [{ ...right, queueUri: 'sip:nobody@psap.madrid.internal' }, 456],
    [{ ...right, queueUri: 'urn:x' }, 456],
    [{ ...right, dequeuePreference: 6 }, 457],
    [{ ...right, dequeuePreference: 0 }, 457],
    // Not on the list of this queue, a queue that nobody registers for, and nowhere we know a way to.
    [{ ...right, queueUri: toledo }, 458],
    [{ ...right, queueUri: desk(9) }, 458],
    [{ ...right, dequeuerUri: 'sip:anna@elsewhere.example' }, 458],
  ];
  for (const [body, status] of refused)
    expect([body, (await lab.register(body)).status]).toEqual([body, status]);
  const page = await fetch(`${lab.http}/DequeueRegistration/v1/Registrations`, {
    method: 'PUT',
    headers: { origin: 'https://evil.example' },
    body: JSON.stringify(right),
  });
  expect(page.status).toBe(458);
  const get = await fetch(`${lab.http}/DequeueRegistration/v1/Registrations`);
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'PUT']);
});

it(
  'a dequeuer that is gone is passed over for the next one',
  { timeout: 20_000, meta: { clause } },
  async () => {
    lab = await startRouterLab(queues);
    const elsewhere = 'sip:desk2@psap.toledo.internal';
    await lab.register({ queueUri: madrid, dequeuerUri: desk(1), expirationTime: 60, dequeuePreference: 5 });
    await lab.register({ queueUri: madrid, dequeuerUri: elsewhere, expirationTime: 60 });
    await lab.madrid.stop();
    expect(await lab.call('chat 1')).toBe(200);
    expect(await lab.call('chat 2')).toBe(200);
    expect(lab.toledo.received.map(({ message }) => route(message))).toEqual([elsewhere, elsewhere]);
    expect((await lab.queues()).queues[0]?.state).toBe('Active');
  },
);

it(
  'over TLS it is the name in the certificate that may register',
  { timeout: 30_000, meta: { clause: [clause, 'RFC 5922 7.1'] } },
  async () => {
    const folder = temporaryFolder();
    await ensureLabPki({
      folder,
      names: [
        { name: 'esrp', domain: 'esrp.esinet.lab' },
        { name: 'desk', domain: 'psap.madrid.internal' },
        { name: 'other', domain: 'psap.other.internal' },
      ],
    });
    const tls = (name: string): Promise<TlsOptions> => loadTls(folder, name);
    const names = ['URI:sip:psap.madrid.internal'];
    lab = await startRouterLab(
      { list: [{ uri: madrid, dequeuers: { names } }], https: { port: 0 } },
      {},
      await tls('esrp'),
    );
    const url = `https://localhost:${lab.esrp.secure?.port}/DequeueRegistration/v1/Registrations`;
    const right = { queueUri: madrid, dequeuerUri: desk(1), expirationTime: 60 };
    const put = async (who: TlsOptions | undefined) => {
      const agent = new Agent({ ca: (await tls('esrp')).ca, ...(who && { key: who.key, cert: who.cert }) });
      const answer = await httpExchange({
        method: 'PUT',
        url,
        agent,
        body: JSON.stringify(right),
        timeoutMs: 5_000,
        maxBytes: 10_000,
      });
      agent.destroy();
      return answer.ok ? answer.value.status : answer.error.code;
    };
    expect(await put(await tls('desk'))).toBe(200);
    expect(await put(await tls('other'))).toBe(458);
    expect(await put(undefined)).toBe('unreachable');
    // On the port without TLS nobody has a name.
    expect((await lab.register(right)).status).toBe(458);
  },
);
