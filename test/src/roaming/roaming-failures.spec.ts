import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { EsinetConfig, SiteName } from '@esinet/app-esinet';
import { askPosition } from '@esinet/element-app';
import { SipEdge, ensureLabPki, loadTls } from '@esinet/platform';
import type { UacOutcome, UacRequest } from '@esinet/sip';
import { type LoopbackAgent, loopbackAgent, until } from '@esinet/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RecordedChat } from '../lab.js';
import { type RoamingLab, startRoamingLab } from './roaming-lab.js';

let lab: RoamingLab;
beforeAll(async () => void (lab = await startRoamingLab(adjusted)), 60_000);
afterAll(() => lab.close());

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

const lisboa = { lat: 38.7223, lon: -9.1393 };
const paris = { lat: 48.8566, lon: 2.3522 };
const timeout = 120_000;

/** Nothing is remembered of earlier lookups; PSAPs of B know no LIS but their own; each says that loop.lab is the other's. */
function adjusted(config: EsinetConfig, site: SiteName): EsinetConfig {
  const { esrp, ecrf, psap, bcf } = config;
  const heldHosts = psap.held.allowedHosts.slice(0, 1);
  return {
    ...config,
    esrp: { ...esrp, ecrf: { ...esrp.ecrf, cache: { ...esrp.ecrf.cache, entries: 0 } } },
    ecrf: { ...ecrf, upstream: { ...ecrf.upstream, cache: { ...ecrf.upstream.cache, entries: 0 } } },
    // TS 103 698 D.2: the ESRP may be the outbound proxy of its PSAPs.
    ...(site === 'portugal' && {
      psap: {
        ...psap,
        held: { ...psap.held, allowedHosts: heldHosts },
        outboundProxy: [{ transport: 'tcp', address: '127.0.0.1', port: esrp.listen.tcp ?? 0 }],
      },
    }),
    bcf: {
      ...bcf,
      peers: bcf.peers.map((peer) =>
        peer.esinet
          ? {
              ...peer,
              relay: [...peer.relay, 'loop.lab'],
              esinet: { ...peer.esinet, domains: [...peer.esinet.domains, 'loop.lab'] },
            }
          : peer,
      ),
    },
  };
}

let callers = 0;
/** A chat from Lisboa, or elsewhere, and the words with which a centre answers. */
async function answered(by: string, at = lisboa) {
  const caller = await lab.caller('spain', { at, as: `caller${(callers++ % 9) + 1}` });
  expect((await caller.client.start('Ajuda')).delivered).toBe(true);
  await caller.hears(by);
  return caller;
}

const reasonsOf = ({ messages }: RecordedChat): string => (messages[0]?.reasons ?? []).join();

async function answeredAtHome(at = lisboa): Promise<string> {
  const { client } = await answered('112 default centre', at);
  const chat = await lab.chat('spain', client.callId, ({ messages }) => messages.length > 0);
  await client.stop();
  return reasonsOf(chat);
}

/** As if one element had died, until the end of the test. */
async function without(site: SiteName, element: 'bcf' | 'ecrf' | 'psap'): Promise<() => Promise<void>> {
  await lab.running[site].stop(element);
  const again = () => lab.running[site].restart(element);
  undo.push(again);
  return again;
}

describe('a call of A from B is answered by the default PSAP of A, with the reason,', () => {
  const meta = { clause: ['TS 103 698 D.2', 'TS 103 698 6.1.2.6'] };

  it('where the forest guide is away', { meta, timeout }, async () => {
    await lab.running.stopForestGuide();
    undo.push(() => lab.running.restartForestGuide());
    expect(await answeredAtHome()).toContain('lost: server');
    await lab.running.restartForestGuide();
    await answered('112 Sul');
  });

  it('where the ECRF of B is away', { meta, timeout }, async () => {
    const again = await without('portugal', 'ecrf');
    expect(await answeredAtHome()).toContain('lost: server');
    await again();
    await answered('112 Sul');
  });

  it('where nobody is responsible for the place', { meta, timeout }, async () => {
    expect(await answeredAtHome(paris)).toContain('lost: notFound');
  });

  it('where the border of B is away, and by B again when it is back', { meta, timeout }, async () => {
    const again = await without('portugal', 'bcf');
    expect(await answeredAtHome()).toContain('other ESInet did not answer');
    await again();
    await answered('112 Sul');
  });

  it('where the border of B takes connections and says nothing', { meta, timeout }, async () => {
    await without('portugal', 'bcf');
    const silent: Server = createServer(() => undefined);
    await new Promise<void>((resolve) =>
      silent.listen(lab.port('portugal', 15_061), '127.0.0.1', () => resolve()),
    );
    const sockets: { destroy(): void }[] = [];
    silent.on('connection', (socket) => void sockets.push(socket));
    undo.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    });
    expect(await answeredAtHome()).toContain('other ESInet did not answer');
  });

  it('where the PSAPs of B are all away', { meta, timeout }, async () => {
    await without('portugal', 'psap');
    expect(await answeredAtHome()).toContain('other ESInet did not answer');
  });

  it.each([
    ['another name of the same authority', 'portugal', 'other.lab'],
    ['the right name of another authority', 'elsewhere', 'portugal.lab'],
    ['the right name under the authority of A', 'spain', 'portugal.lab'],
  ] as const)(
    'where the border of B shows a certificate with %s',
    { meta: { clause: ['TS 103 698 D.2', 'RFC 5922 7.2'] }, timeout },
    async (_, folder, domain) => {
      await without('portugal', 'bcf');
      const impostor = await agent({ folder, domain }, lab.port('portugal', 15_061));
      expect(await answeredAtHome()).toContain('other ESInet did not answer');
      expect(impostor.received).toEqual([]);
    },
  );
});

it(
  'a PSAP of B may answer by way of its ESRP, which looks nothing up',
  { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 D.1'] }, timeout },
  async () => {
    const { client } = await answered('112 Sul');
    const [answer] = lab
      .requests('spain provider', client.callId)
      .filter(({ message }) => message.requestUri.startsWith('sip:caller'));
    expect(answer && lab.roadTo(answer)).toEqual([
      'portugal psap',
      'portugal esrp',
      'portugal bcf',
      'spain bcf',
      'spain provider',
    ]);
    expect(lab.events).toContainEqual(
      expect.objectContaining({
        site: 'portugal',
        subject: 'events.esrp.routed',
        payload: expect.objectContaining({ callId: client.callId, role: 'outbound' }),
      }),
    );
  },
);

describe('in the middle of a chat', () => {
  const meta = { clause: ['TS 103 698 D.2', 'TS 103 698 6.2.3'] };
  const textsOf = ({ messages }: RecordedChat, direction: 'in' | 'out'): (string | undefined)[] =>
    messages.filter((each) => each.direction === direction).map(({ text }) => text);

  it(
    'what the caller says while the border of B is away arrives later, once',
    { meta, timeout },
    async () => {
      const { client, hears } = await answered('112 Sul');
      const again = await without('portugal', 'bcf');
      const said = client.say('still here');
      // Refused, not swallowed: that is how the APP knows to keep it.
      await until(() => {
        return lab.received.some(
          ({ by, message }) =>
            by === 'spain provider' && !message.isRequest && message.status >= 500 && message.status < 600,
        );
      });
      await again();
      expect((await said).delivered).toBe(true);
      await hears('received: still here');
      const chat = await lab.chat('portugal', client.callId);
      expect(textsOf(chat, 'in')).toEqual(['Ajuda', 'still here']);
    },
  );

  it('what a PSAP of B says while the border of A is away arrives later', { meta, timeout }, async () => {
    const { client, hears, heard } = await answered('112 Sul');
    const again = await without('spain', 'bcf');
    const said = lab.act('portugal', client.callId, 'messages', { text: 'help is near' });
    await again();
    expect(await said).toBe(201);
    await hears('help is near');
    expect(heard.filter(({ text }) => text === 'help is near')).toHaveLength(1);
    expect((await client.say('thanks')).delivered).toBe(true);
  });

  it(
    'a caller without a provider is reached over a new connection between the borders',
    { meta, timeout },
    async () => {
      const caller = await lab.caller('spain', { at: lisboa, as: null });
      await caller.client.start('Ajuda');
      await caller.hears('112 Sul');
      const edge = lab.running.portugal.elements.get('bcf')?.get<SipEdge>(SipEdge);
      for (const { by, event } of lab.received) {
        if (by === 'portugal bcf' && event.flow.transport === 'tls')
          edge?.transport.dropFlow(event.flow.id, 'by this test');
      }
      expect(await lab.act('portugal', caller.client.callId, 'messages', { text: 'we see you' })).toBe(201);
      await caller.hears('we see you');
    },
  );
});

it(
  'a location that B may not fetch holds up no call, and B is told that there is one',
  { meta: { clause: ['TS 103 698 D.2', 'RFC 6442 4'] }, timeout },
  async () => {
    const position = await askPosition({
      held: `http://127.0.0.1:${lab.port('spain', 15_985)}/held`,
      device: [{ kind: 'uri', value: 'sip:caller8@provider.lab' }],
    });
    const uris = position.ok ? position.value.locations.filter((each) => 'uri' in each) : [];
    const { client, hears } = await lab.caller('spain', { locations: uris, as: 'caller8' });
    await client.start('Ajuda');
    await hears('112 Norte');
    const first = lab.requests('portugal psap', client.callId)[0];
    // By HELD and by presence: both lead to the LIS of A.
    expect(first?.message.values('Geolocation')).toHaveLength(2);
    const chat = await lab.chat('portugal', client.callId);
    expect(chat.messages[0]?.locations).toBeUndefined();
  },
);

/** A SIP peer with a certificate of the authority in that folder, made now; `port` listens too. */
async function agent(
  o: { readonly folder: string; readonly domain: string },
  port = 0,
): Promise<LoopbackAgent> {
  const data = join(lab.running.spain.config.data, '..');
  const folder = join(data, o.folder, 'pki');
  const name = `leaf-${callers++}`;
  await ensureLabPki({ folder, names: [{ name, domain: o.domain }] });
  const own = await loadTls(folder, name);
  // Whom it calls it believes.
  const tls = { ...own, ca: `${own.ca}\n${(await loadTls(join(data, 'spain', 'pki'), 'bcf')).ca}` };
  const listen = { name: 'tls', transport: 'tls', host: '127.0.0.1', port, tls } as const;
  const started = await loopbackAgent([listen], tls);
  undo.push(() => started.stop());
  return started;
}

describe('the border of A', () => {
  const meta = { clause: ['TS 103 698 D.2', 'RFC 3261 16.5', 'RFC 5922 7.1'] };
  const statusOf = (outcome: UacOutcome): number =>
    outcome.kind === 'response' ? outcome.message.status : 0;
  const send = async (from: LoopbackAgent, o: Partial<UacRequest> & { uri: string }): Promise<number> =>
    statusOf(
      await from.send({
        method: 'MESSAGE',
        from: 'sip:x@portugal.lab',
        to: o.uri,
        destination: {
          transport: 'tls',
          address: '127.0.0.1',
          port: lab.port('spain', 15_061),
          serverName: 'esinet.lab',
        },
        ...o,
      }),
    );

  it('relays for B what is white-listed, and nothing else', { meta, timeout }, async () => {
    const border = await agent({ folder: 'portugal', domain: 'portugal.lab' });
    expect(await send(border, { uri: 'sip:bob@elsewhere.example' })).toBe(404);
    expect(await send(border, { uri: 'sip:bob@203.0.113.9' })).toBe(404);
    expect(await send(border, { uri: 'sip:caller1@provider.portugal.lab' })).toBe(482);
    expect(await send(border, { uri: 'sip:sul@portugal.lab' })).toBe(482);
    const { client } = await lab.caller('spain', { as: 'caller1' });
    expect(await send(border, { uri: 'sip:caller1@provider.lab' })).toBe(200);
    await client.close();
  });

  it.each([
    ['no certificate of B', { folder: 'spain', domain: 'someone.lab' }],
    ["B's name under the authority of A", { folder: 'spain', domain: 'portugal.lab' }],
    ["the provider's name under the authority of B", { folder: 'portugal', domain: 'provider.lab' }],
  ] as const)('takes nobody for a peer who shows %s', { meta, timeout }, async (_, who) => {
    const impostor = await agent(who);
    expect(await send(impostor, { uri: 'sip:caller1@provider.lab' })).toBe(404);
    expect(await send(impostor, { uri: 'sip:sul@portugal.lab' })).toBe(404);
    const headers = [
      ['P-Asserted-Identity', '<sip:minister@gov.example>'],
      ['Resource-Priority', 'esnet.2'],
      ['Route', '<sip:madrid@psap.esinet.internal;lr>'],
    ] as const;
    const callId = `impostor-${who.folder}-${who.domain}`;
    expect(await send(impostor, { uri: 'urn:service:sos', callId, headers })).toBe(200);
    const arrived = lab.received.find(
      ({ by, message }) => by === 'spain psap' && message.isRequest && message.callId === callId,
    );
    expect(arrived?.message.has('P-Asserted-Identity')).toBe(false);
    expect(arrived?.message.values('Resource-Priority')).toEqual(['esnet.1']);
    expect(arrived?.message.values('Route')).toEqual(['<sip:default@psap.esinet.internal;lr>']);
  });

  it(
    "and that of B end what each takes for the other's",
    { meta: { clause: ['TS 103 698 D.2', 'RFC 3261 16.3'] }, timeout },
    async () => {
      const inside = await loopbackAgent();
      undo.push(() => inside.stop());
      const callId = 'between-two-borders';
      const destination = {
        transport: 'tcp',
        address: '127.0.0.1',
        port: lab.port('spain', 15_062),
      } as const;
      expect(await send(inside, { uri: 'sip:x@loop.lab', callId, destination })).toBe(482);
      expect(
        lab.received.filter(({ message }) => message.isRequest && message.callId === callId),
      ).toHaveLength(2);
    },
  );
});
