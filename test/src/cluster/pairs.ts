import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { esrpConfigSchema, startEsrp } from '@esinet/element-esrp';
import { providerConfigSchema, startProvider } from '@esinet/element-provider';
import { randomIds, silentLogger, systemClock } from '@esinet/kernel';
import { type RunningElement, SipEdge } from '@esinet/platform';
import { type SipMessage, type SipStack, UserAgent, createSipStack } from '@esinet/sip';
import { type LoopbackAgent, freePort, freePorts, loopbackAgent } from '@esinet/testing';
import { callInfo } from '../interop/chat-body.js';

/** A PSAP that answers 200 and knows again what it has taken: what was shown, in the order it came. */
export interface Centre {
  readonly shown: string[];
  /** Requests that made a transaction, repetitions by another way among them. */
  readonly arrived: SipMessage[];
  readonly port: number;
  readonly stack: SipStack;
}

export type Name = 'bcf-1' | 'bcf-2' | 'esrp-1' | 'esrp-2' | 'provider';

/** Two borders and two routers between a provider and two servers of one PSAP, each an element of its own. */
export interface Pairs {
  readonly centres: readonly [Centre, Centre];
  readonly elements: Map<Name, RunningElement>;
  readonly caller: LoopbackAgent;
  edge(name: Name): SipEdge;
  /** One emergency by way of the provider: the status it was answered, or how it failed. */
  send(text: string): Promise<number | string>;
  /** Ends it as SIGTERM does, and starts it anew at its ports. */
  drain(name: Name): Promise<void>;
  start(name: Name): Promise<void>;
  /** Its connections close and its ports are nobody's, as when the process is killed. */
  crash(name: Name): Promise<void>;
  /** It keeps its connections and says nothing any more. */
  freeze(name: Name): void;
  close(): Promise<void>;
}

const transactionSecret = '000102030405060708090a0b0c0d0e0f';
const dialogs = { secret: 'the same in both processes of an element' };

export async function startPairs(): Promise<Pairs> {
  const [centre, other, caller, ports] = await Promise.all([
    startCentre(),
    startCentre(),
    loopbackAgent(),
    freePorts(7),
  ]);
  const [provider = 0, public1 = 0, public2 = 0, private1 = 0, private2 = 0, esrp1 = 0, esrp2 = 0] = ports;
  const nobody = await freePort();
  const tcp = (port: number): string => `tcp:127.0.0.1:${port}`;
  const platform = { logger: silentLogger, transactionSecret };
  const http = { port: 0 };
  const servers = [tcp(centre.port), tcp(other.port)];
  const router = (port: number) =>
    startEsrp(
      esrpConfigSchema.parse({
        ...{ http, dialogs },
        listen: { udp: null, tcp: port },
        hosts: { 'psap.esinet.internal': servers },
        bcf: [tcp(private1), tcp(private2)],
        // Nobody is there: every call goes to the default PSAP.
        ecrf: { url: `http://127.0.0.1:${nobody}/lost` },
        held: { lis: null },
      }),
      platform,
      { drainMs: 5_000 },
    );
  const border = (outside: number, inside: number) =>
    startBcf(
      bcfConfigSchema.parse({
        ...{ http, dialogs },
        public: { udp: null, tcp: outside, tls: null },
        private: { udp: null, tcp: inside },
        esrp: [tcp(esrp1), tcp(esrp2)],
        psaps: { '*': servers },
        domains: {},
        peers: [],
        abuse: { enabled: false },
        // The provider is an element of ours.
        overload: { unavailable: ['127.0.0.1'] },
      }),
      platform,
      { drainMs: 5_000 },
    );
  const starts: Record<Name, () => Promise<RunningElement>> = {
    'bcf-1': () => border(public1, private1),
    'bcf-2': () => border(public2, private2),
    'esrp-1': () => router(esrp1),
    'esrp-2': () => router(esrp2),
    provider: () =>
      startProvider(
        providerConfigSchema.parse({
          http,
          listen: { udp: null, tcp: provider, ws: null, wss: null },
          bcf: [tcp(public1), tcp(public2)],
        }),
        platform,
      ),
  };
  const elements = new Map<Name, RunningElement>();
  const names = Object.keys(starts) as Name[];
  const start = async (name: Name): Promise<void> => void elements.set(name, await starts[name]());
  for (const name of names) await start(name);
  const edge = (name: Name): SipEdge => elements.get(name)!.get<SipEdge>(SipEdge);
  let count = 0;
  return {
    centres: [centre, other],
    ...{ elements, caller, edge, start },
    async send(text) {
      const m = {
        callId: `chat-${++count}-of-the-cluster-abcdefghij`,
        ...{ messageId: 1, messageType: 257, text: '', latitude: 0, longitude: 0 },
      };
      const outcome = await caller.send({
        method: 'MESSAGE',
        uri: 'urn:service:sos',
        from: 'sip:ana@provider.lab',
        to: 'urn:service:sos',
        destination: { transport: 'tcp', address: '127.0.0.1', port: provider },
        headers: callInfo(m).map((value) => ['Call-Info', value] as const),
        contentType: 'text/plain; charset=utf-8',
        body: text,
      });
      return outcome.kind === 'response' ? outcome.message.status : outcome.reason;
    },
    async drain(name) {
      await elements.get(name)?.close();
    },
    async crash(name) {
      await edge(name).stack.stop();
      await elements.get(name)?.close();
    },
    freeze(name) {
      edge(name).transport.onMessage = () => undefined;
    },
    async close() {
      for (const element of elements.values()) await element.close();
      await Promise.all([caller.stop(), centre.stack.stop(), other.stack.stop()]);
    },
  };
}

async function startCentre(): Promise<Centre> {
  const base = { clock: systemClock, logger: silentLogger };
  const stack = createSipStack({
    ...base,
    listeners: [{ name: 'tcp', transport: 'tcp', host: '127.0.0.1', port: 0 }],
  });
  const shown: string[] = [];
  const arrived: SipMessage[] = [];
  const agent = new UserAgent({
    ...base,
    transactions: stack.transactions,
    locator: { locate: () => Promise.resolve([]) },
    ids: randomIds,
    allow: ['MESSAGE', 'OPTIONS', 'INVITE', 'BYE'],
    resourceValues: ['esnet.0', 'esnet.1'],
    mergedRequests: 'repeat',
    onRequest: (message) => {
      shown.push(message.body.toString());
      return {
        status: 200,
        headers: [
          ...message.values('Record-Route').map((value) => ['Record-Route', value] as const),
          ['Contact', `<sip:psap@127.0.0.1:${stack.transport.listeners()[0]?.port};transport=tcp>`],
        ],
      };
    },
  });
  stack.transactions.onRequest = (tx) => {
    arrived.push(tx.request);
    agent.handle(tx);
  };
  await stack.start();
  return { shown, arrived, stack, port: stack.transport.listeners()[0]?.port ?? 0 };
}

/** Sends a message every `everyMs`, and meanwhile does something. Resolves with what became of each. */
export async function under(
  pairs: Pairs,
  o: { readonly messages: number; readonly everyMs: number },
  work: () => Promise<void>,
): Promise<{ text: string; status: number | string }[]> {
  const sent: Promise<{ text: string; status: number | string }>[] = [];
  let working = true;
  const worked = work().finally(() => (working = false));
  for (let i = 0; i < o.messages || working; i++) {
    const text = `message ${i}`;
    sent.push(pairs.send(text).then((status) => ({ text, status })));
    await new Promise((resolve) => setTimeout(resolve, o.everyMs));
  }
  await worked;
  return Promise.all(sent);
}

/** Those that were not answered 200, with their number. */
export function refused(outcomes: readonly { status: number | string }[]): Record<string, number> {
  const by: Record<string, number> = {};
  for (const { status } of outcomes) if (status !== 200) by[status] = (by[status] ?? 0) + 1;
  return by;
}
