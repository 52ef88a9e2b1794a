import { leaving } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import {
  type Draft,
  chatHeader,
  chatId,
  context,
  destinations,
  esinetB,
  inside,
  peer,
  request,
  stranger,
} from './bcf-fixture.js';
import type { ChatFlow } from './chat-flow.js';
import { bcfConfigSchema } from './config.js';
import type { Source } from './policy.js';
import { chatKeyOf, screen, trafficOf } from './screen.js';
import { sourceOf } from './source.js';

const meta = { clause: 'TS 103 698 D.2' };
const phone: ChatFlow = {
  listener: 'public-udp',
  transport: 'udp',
  address: '198.51.100.4',
  port: 40000,
  flowId: 'udp|public-udp|198.51.100.4|40000',
};
const known = { current: phone };
const toPsapOfB = ['Route', '<sip:b.1@psap.b;lr>'] as const;

function statusOf(o: Draft, source: Source, chat?: typeof known): number {
  const { decision } = screen(request({ headers: [chatHeader], ...o }), source, context, chat);
  return decision.kind === 'reject' ? decision.status : 200;
}

describe('a first message that our ESRP sends to another ESInet', () => {
  const before = request({
    headers: [
      chatHeader,
      toPsapOfB,
      ['Resource-Priority', 'esnet.1'],
      ['History-Info', '<urn:service:sos>;index=1, <sip:b.1@psap.b>;index=1.1;mp=1'],
      ['P-Asserted-Identity', '<sip:d.1@provider.lab>'],
    ],
  });
  const screening = screen(before, inside, context);

  it('goes to its border with all that was said, and its route', { meta }, () => {
    expect(screening).toMatchObject({
      traffic: 'relay',
      callId: chatId,
      decision: {
        targets: [
          { destination: destinations.borderB, listener: 'public-tls' },
          { destination: destinations.psap },
        ],
      },
    });
    const after = leaving(before, screening);
    for (const name of ['Route', 'Resource-Priority', 'History-Info', 'P-Asserted-Identity', 'Call-Info']) {
      expect(after.values(name), name).toEqual(before.values(name));
    }
  });

  it(
    'ends at our default PSAP where nobody answers beyond, with the reason',
    { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.1.2.6'] } },
    () => {
      const after = leaving(before, screening, 1);
      expect(after.values('Route')).toEqual(['<sip:default@psap.esinet.internal;lr>']);
      expect(after.header('Reason')).toBe('SIP;cause=503;text="other ESInet did not answer"');
      expect(after.values('History-Info').at(-1)).toContain('sip:default@psap.esinet.internal');
    },
  );
});

describe('a first message of another ESInet', () => {
  const from = (headers: Draft['headers'] = []) => request({ headers: [chatHeader, ...headers] });

  it('goes to the PSAP that its ESRP has chosen, past our ESRP', { meta }, () => {
    const before = from([['Route', '<sip:a.1@psap.esinet.internal;lr>']]);
    const screening = screen(before, esinetB, context);
    expect(screening).toMatchObject({
      traffic: 'emergency',
      why: 'chosen psap',
      decision: {
        targets: [
          { destination: destinations.psap },
          { destination: destinations.esrp },
          { destination: destinations.psap },
        ],
      },
    });
    expect(leaving(before, screening).values('Route')).toEqual(['<sip:a.1@psap.esinet.internal;lr>']);
    // Ours may know better if that PSAP is away.
    expect(leaving(before, screening, 1).has('Route')).toBe(false);
    expect(leaving(before, screening, 2).values('Route')).toEqual(['<sip:default@psap.esinet.internal;lr>']);
    expect(screening.remember).toMatchObject({ chats: [chatId], users: ['anna@app.example'] });
  });

  it('may name the PSAP by its public URI', { meta }, () => {
    const before = from([['Route', '<sip:a.1@esinet.lab;lr>']]);
    const screening = screen(before, esinetB, context);
    expect(screening.why).toBe('chosen psap');
    expect(leaving(before, screening).values('Route')).toEqual(['<sip:a.1@psap.esinet.internal;lr>']);
  });

  it('is routed by our ESRP where it names no PSAP of ours', { meta }, () => {
    for (const headers of [[], [toPsapOfB], [['Route', '<sip:x@elsewhere.example;lr>'] as const]]) {
      expect(screen(from(headers), esinetB, context)).toMatchObject({
        traffic: 'emergency',
        decision: { targets: [{ destination: destinations.esrp }, { destination: destinations.psap }] },
      });
    }
  });

  it('does not let a provider or a stranger choose the PSAP', { meta }, () => {
    const before = from([['Route', '<sip:a.1@psap.esinet.internal;lr>']]);
    for (const source of [peer, stranger]) {
      const screening = screen(before, source, context);
      expect(screening.why).toBe('service urn');
      expect(leaving(before, screening).has('Route')).toBe(false);
    }
  });

  it(
    'keeps the priority its border gave; what is none becomes ours',
    { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.1.2.5'] } },
    () => {
      for (const [said, kept] of [
        [['esnet.1'], ['esnet.1']],
        [['esnet.2'], ['esnet.2']],
        [['dsn.flash'], ['esnet.1']],
        [['dsn.flash', 'esnet.0'], ['esnet.0']],
        [[], ['esnet.1']],
      ] as const) {
        const before = from(said.map((value) => ['Resource-Priority', value] as const));
        const after = leaving(before, screen(before, esinetB, context));
        expect(after.values('Resource-Priority'), said.join()).toEqual(kept);
      }
    },
  );

  it(
    'keeps who asserts what, its history and its identifiers',
    { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.1.2.7', 'RFC 3325 5'] } },
    () => {
      const before = from([
        ['P-Asserted-Identity', '<sip:d.3@provider.b>'],
        ['History-Info', '<urn:service:sos>;index=1, <sip:a.1@psap.esinet.internal>;index=1.1;mp=1'],
      ]);
      const after = leaving(before, screen(before, esinetB, context));
      expect(after.header('P-Asserted-Identity')).toBe('<sip:d.3@provider.b>');
      expect(after.values('History-Info').slice(0, 2)).toEqual(before.values('History-Info'));
      expect(after.values('Call-Info')[0]).toBe(chatHeader[1]);
    },
  );
});

describe('the white list', () => {
  it(
    'is all that another ESInet reaches, besides our PSAPs',
    { meta: { clause: ['TS 103 698 D.2', 'RFC 3261 16.5'] } },
    () => {
      expect(statusOf({ uri: 'sip:d.1@provider.lab' }, esinetB)).toBe(200);
      expect(statusOf({ uri: 'sip:a.1@esinet.lab' }, esinetB)).toBe(200);
      expect(statusOf({ uri: 'sip:bob@elsewhere.example' }, esinetB)).toBe(404);
      const strict: Source = { ...esinetB, ...(esinetB.peer && { peer: { ...esinetB.peer, relay: [] } }) };
      expect(statusOf({ uri: 'sip:d.1@provider.lab' }, strict)).toBe(403);
    },
  );

  it(
    'never leads back to where it came from',
    { meta: { clause: ['TS 103 698 D.2', 'RFC 3261 16.3'] } },
    () => {
      for (const domain of ['public.b', 'psap.b', 'provider.b']) {
        expect(statusOf({ uri: `sip:x@${domain}` }, esinetB), domain).toBe(482);
      }
    },
  );

  it('lets a provider reach the PSAPs of a peered ESInet, nothing else beyond', { meta }, () => {
    expect(statusOf({ uri: 'sip:b.1@public.b' }, peer)).toBe(200);
    for (const domain of ['psap.b', 'provider.b', 'provider.lab']) {
      expect(statusOf({ uri: `sip:x@${domain}` }, peer), domain).toBe(403);
    }
  });

  it('lets a caller without a provider go on with the chat that came in here', { meta }, () => {
    const before = request({ uri: 'sip:b.1@public.b', headers: [chatHeader] });
    const traffic = trafficOf(before, stranger, context);
    expect(chatKeyOf(before, traffic, context.policy)).toEqual({ chat: chatId, user: 'anna@app.example' });
    expect(statusOf({ uri: 'sip:b.1@public.b' }, stranger)).toBe(404);
    expect(statusOf({ uri: 'sip:b.1@public.b' }, stranger, known)).toBe(200);
    expect(statusOf({ uri: 'sip:b.1@psap.b' }, stranger, known)).toBe(404);
    expect(statusOf({ uri: 'sip:d.3@provider.b' }, stranger, known)).toBe(404);
    expect(statusOf({ uri: 'sip:public.b' }, stranger, known)).toBe(404);
  });

  it('lets a PSAP elsewhere answer such a caller the way the chat came in', { meta }, () => {
    const answer = { uri: 'sip:anna@app.example' };
    expect(statusOf(answer, esinetB)).toBe(404);
    const screening = screen(request({ ...answer, headers: [chatHeader] }), esinetB, context, known);
    expect(screening).toMatchObject({
      traffic: 'outward',
      decision: { targets: [{ listener: 'public-udp' }] },
    });
    expect(statusOf(answer, peer, known)).toBe(404);
    expect(statusOf(answer, stranger, known)).toBe(404);
  });
});

it(
  "polices a caller's part of a chat that another ESInet has",
  { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.1.2.5'] } },
  () => {
    const before = request({
      uri: 'sip:b.1@public.b',
      headers: [
        chatHeader,
        ['Resource-Priority', 'esnet.7'],
        ['P-Asserted-Identity', '<sip:minister@gov.example>'],
        ['Route', '<sip:203.0.113.9;lr>'],
      ],
    });
    const ofProvider = leaving(before, screen(before, peer, context));
    expect(ofProvider.values('Resource-Priority')).toEqual(['esnet.1']);
    expect(ofProvider.has('P-Asserted-Identity')).toBe(true);
    const ofStranger = leaving(before, screen(before, stranger, context, known));
    expect(ofStranger.has('P-Asserted-Identity')).toBe(false);
    expect(ofStranger.has('Route')).toBe(false);
    const answer = request({
      uri: 'sip:d.1@provider.lab',
      headers: [chatHeader, ['Resource-Priority', 'esnet.0'], ['Reply-To', 'sip:b.1@public.b']],
    });
    const relayed = leaving(answer, screen(answer, esinetB, context));
    expect(relayed.values('Resource-Priority')).toEqual(['esnet.0']);
    expect(relayed.header('Reply-To')).toBe('sip:b.1@public.b');
  },
);

describe('whom a certificate makes a peer', { meta: { clause: 'RFC 5922 7.1' } }, () => {
  const ours = 'AA'.repeat(32);
  const theirs = 'BB'.repeat(32);
  const own = new Set([ours]);
  const peers = [
    { name: 'provider', sanUri: 'sip:provider.lab', trusted: true, relay: [] },
    { name: 'esinet-b', sanUri: 'sip:public.b', trusted: true, relay: [], authority: theirs },
  ];
  const flow = (uri: string, authority: string, authorized = true) => ({
    listener: 'public-tls',
    tlsPeer: { authorized, sanUris: [uri], sanDns: [], authority },
  });

  it.each([
    ['sip:provider.lab', ours, 'provider'],
    ['sip:provider.lab', theirs, undefined],
    ['sip:public.b', theirs, 'esinet-b'],
    ['SIP:Public.B', theirs, 'esinet-b'],
    ['sip:public.b', ours, undefined],
    ['sip:else.b', theirs, undefined],
  ])('%s', (uri, authority, name) => {
    expect(sourceOf(flow(uri, authority), peers, own).peer?.name).toBe(name);
    expect(sourceOf(flow(uri, authority, false), peers, own).peer).toBeUndefined();
  });
});

describe('the configuration of a peered ESInet', () => {
  const esinet = {
    hops: ['tls:192.0.2.1:5061;public.b'],
    publicDomain: 'public.b',
    privateDomain: 'psap.b',
  };
  const withPeer = (changed: object) =>
    bcfConfigSchema.safeParse({ peers: [{ name: 'b', sanUri: 'sip:public.b', esinet, ...changed }] });

  it.each([
    ['is complete', {}, undefined],
    ['is reached by TLS only', { esinet: { ...esinet, hops: ['tcp:192.0.2.1:5060'] } }, 'expected tls'],
    ['is trusted', { trusted: false }, 'must be true'],
    [
      'has no domain of ours',
      { esinet: { ...esinet, privateDomain: 'psap.esinet.internal' } },
      'this border has it',
    ],
    [
      'has no domain of a provider here',
      { esinet: { ...esinet, domains: ['provider.lab'] } },
      'bcf.domains has it',
    ],
    ['names its authority by a fingerprint', { authority: 'ca.pem' }, 'expected a SHA-256 fingerprint'],
  ])('%s', { meta }, (_, changed, problem) => {
    const { success, error } = withPeer(changed);
    expect(success).toBe(problem === undefined);
    if (problem !== undefined) expect(error?.message).toContain(problem);
  });
});
