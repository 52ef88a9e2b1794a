import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { randomIds, systemClock } from '@esinet/kernel';
import JsSIP from 'jssip';
import { Registerer, RegistererState, UserAgent } from 'sip.js';
import { WebSocket } from 'ws';
import { buildRequest, buildResponse } from '../codec/build.js';
import { type Peer, Peers } from '../transport/loopback-peers.js';
import { receivedVia } from '../transport/via-route.js';
import { Registrar } from './registrar.js';

/** The two SIP stacks of browser phones, as they are, against transports and registrar. */

const peers = new Peers();
let peer: Peer;
let registrar: Registrar;
const received: string[] = [];

beforeAll(() => {
  vi.stubGlobal('WebSocket', WebSocket);
});
afterAll(() => {
  vi.unstubAllGlobals();
});

beforeEach(async () => {
  received.length = 0;
  peer = await peers.start([{ name: 'ws', transport: 'ws', host: '127.0.0.1', port: 0, path: '/sip' }]);
  registrar = new Registrar({
    domain: 'provider.lab',
    credentials: (user) => (user === 'alice' ? 'wonder' : undefined),
    clock: systemClock,
    ids: randomIds,
  });
  peer.layer.onFlowClosed((flow) => registrar.removeFlow(flow.id));
  peer.layer.onMessage = ({ message, flow }) => {
    if (!message.isRequest) return;
    received.push(message.method);
    expect(receivedVia(message.topVia!, flow)).toContain('received=127.0.0.1');
    void registrar.register(message, flow).then(({ status, reason, headers }) => {
      flow.send(buildResponse(message, status, reason, { headers, toTag: 'r' }));
    });
  };
  return () => peers.stop();
});

function url(): string {
  return `ws://127.0.0.1:${peer.to('ws').port}/sip`;
}

/** A MESSAGE to the user's binding, over the flow it registered on, as a proxy sends it. */
function deliver(text: string): void {
  const [binding] = registrar.bindings('alice');
  peer.layer.flow(binding!.flowId!)!.send(
    buildRequest({
      method: 'MESSAGE',
      uri: binding!.contact,
      headers: [
        ['Via', `SIP/2.0/WS ${peer.layer.sentBy('ws')};branch=z9hG4bKdeliver`],
        ['Max-Forwards', '70'],
        ['To', '<sip:alice@provider.lab>'],
        ['From', '<sip:madrid@esinet.lab>;tag=1'],
        ['Call-ID', 'deliver'],
        ['CSeq', '1 MESSAGE'],
        ['Content-Type', 'text/plain;charset=UTF-8'],
      ],
      body: text,
    }),
  );
}

it(
  'registers JsSIP, reaches it, and forgets it when it goes',
  { meta: { clause: ['RFC 7118 8.1', 'RFC 8760 2.3'] } },
  async () => {
    const phone = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(url())],
      uri: 'sip:alice@provider.lab',
      password: 'wonder',
      register_expires: 300,
    });
    const registered = new Promise<void>((resolve, reject) => {
      phone.on('registered', () => resolve());
      phone.on('registrationFailed', ({ cause }: { cause?: unknown }) => reject(new Error(String(cause))));
    });
    const got = new Promise<string>((resolve) => {
      phone.on('newMessage', (event: { request: { body: string } }) => resolve(event.request.body));
    });
    phone.start();
    await registered;
    expect(received).toEqual(['REGISTER', 'REGISTER']);
    expect(registrar.bindings('alice')).toHaveLength(1);
    deliver('¿Dónde está?');
    expect(await got).toBe('¿Dónde está?');
    phone.stop();
    await peer.until(() => registrar.bindings('alice').length === 0);
  },
);

it(
  'registers sip.js, and forgets it when its connection breaks',
  { meta: { clause: ['RFC 7118 8.1', 'RFC 5626 5.3'] } },
  async () => {
    const phone = new UserAgent({
      uri: UserAgent.makeURI('sip:alice@provider.lab')!,
      transportOptions: { server: url(), connectionTimeout: 5 },
      authorizationUsername: 'alice',
      authorizationPassword: 'wonder',
      logBuiltinEnabled: false,
    });
    await phone.start();
    const registerer = new Registerer(phone, { expires: 300 });
    const registered = new Promise<void>((resolve) => {
      registerer.stateChange.addListener((state) => {
        if (state === RegistererState.Registered) resolve();
      });
    });
    await registerer.register();
    await registered;
    const [binding] = registrar.bindings('alice');
    expect(binding!.contact).toContain('.invalid');
    expect(registrar.usersOf(binding!.flowId!)).toEqual(['alice']);
    peer.layer.dropFlow(binding!.flowId!, 'test');
    expect(registrar.bindings('alice')).toEqual([]);
    // It waits for an answer to its unregistration, which has no way to come.
    void phone.stop().catch(() => undefined);
  },
);
