import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger, systemClock } from '@esinet/kernel';
import { esrpConfigSchema, startEsrp } from '@esinet/element-esrp';
import { type Mapping, readLostRequest, writeLostAnswer } from '@esinet/lost';
import { InProcessBus, type RunningElement, SipEdge, type TlsOptions } from '@esinet/platform';
import { type Shape, writePidfLo } from '@esinet/location';
import { type Destination, type UacOutcome, type UasAnswer, writeMultipart } from '@esinet/sip';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';

export const madrid = 'sip:madrid@psap.madrid.internal';
export const toledo = 'sip:toledo@psap.toledo.internal';
export const fallback = 'sip:default@psap.default.internal';

/** One router between a caller and three PSAPs, with an ECRF that sends every place to Madrid. */
export interface RouterLab {
  readonly esrp: RunningElement;
  readonly http: string;
  readonly caller: LoopbackAgent;
  readonly madrid: LoopbackAgent;
  readonly toledo: LoopbackAgent;
  readonly fallback: LoopbackAgent;
  /** What the router told on the bus of its queues. */
  readonly events: { readonly event: string; readonly nextHop: string; readonly why: string }[];
  /** A start of a chat with this text. */
  call(text: string, o?: { uri?: string; priority?: string; method?: string }): Promise<number | string>;
  queues(): Promise<Report>;
  register(body: object): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

export interface Report {
  readonly queues: readonly {
    readonly queueUri: string;
    readonly queueLength: number;
    readonly state: string;
    readonly inService: number;
    readonly dequeuers?: readonly { readonly dequeuerUri: string; readonly preference: number }[];
  }[];
  readonly nextHops: readonly { readonly hop: string; readonly state: string }[];
}

const place: Shape = { type: 'point', position: [-3.7038, 40.4168] };

const mapping: Mapping = {
  source: 'ecrf.lab',
  sourceId: 'madrid',
  lastUpdated: '2026-01-01T00:00:00Z',
  expires: '2999-01-01T00:00:00Z',
  displayName: [{ lang: 'es', text: 'Madrid' }],
  service: 'urn:service:sos',
  uris: [madrid],
  serviceBoundary: [
    {
      type: 'polygon',
      rings: [
        [
          [-4.2, 39.9],
          [-3.2, 39.9],
          [-3.2, 40.9],
          [-4.2, 40.9],
          [-4.2, 39.9],
        ],
      ],
    },
  ],
};

export async function startRouterLab(
  queues: Record<string, unknown>,
  more: Record<string, unknown> = {},
  tls?: TlsOptions,
): Promise<RouterLab> {
  const [caller, first, second, last] = await Promise.all([
    loopbackAgent(),
    loopbackAgent(),
    loopbackAgent(),
    loopbackAgent(),
  ]);
  const ecrf = await mapsEverything();
  const bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  const events: RouterLab['events'] = [];
  bus.subscribe('events.esrp.queue', (payload) => void events.push(payload as (typeof events)[number]));
  const at = (agent: LoopbackAgent): string[] => [`tcp:127.0.0.1:${agent.port('tcp')}`];
  const esrp = await startEsrp(
    esrpConfigSchema.parse({
      http: { port: 0 },
      listen: { udp: 0, tcp: 0 },
      hosts: {
        'psap.madrid.internal': at(first),
        'psap.toledo.internal': at(second),
        'psap.default.internal': at(last),
      },
      bcf: at(caller),
      defaultPsap: fallback,
      ecrf: { url: `http://127.0.0.1:${ecrf.port}/lost` },
      queues,
      ...more,
    }),
    { bus },
    { drainMs: 50, ...(tls && { tls }) },
  );
  const listener = esrp
    .get<SipEdge>(SipEdge)
    .listeners()
    .find(({ transport }) => transport === 'tcp');
  const router: Destination = { transport: 'tcp', address: '127.0.0.1', port: listener?.port ?? 0 };
  const http = `http://127.0.0.1:${esrp.http.port}`;
  return {
    esrp,
    http,
    caller,
    madrid: first,
    toledo: second,
    fallback: last,
    events,
    call: async (text, o = {}) => statusOf(await caller.send({ ...start(text, o), destination: router })),
    queues: async () => (await (await fetch(`${http}/queues`)).json()) as Report,
    async register(body) {
      const answer = await fetch(`${http}/DequeueRegistration/v1/Registrations`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    async close() {
      await esrp.close();
      await Promise.all([caller.stop(), first.stop(), second.stop(), last.stop(), bus.close()]);
      await ecrf.close();
    },
  };
}

/** The text of a message as a PSAP got it. */
export function textOf({ message }: LoopbackAgent['received'][number]): string {
  return /chat [0-9a-z. -]+/.exec(message.body.toString('utf8'))?.[0] ?? '';
}

/** Answers nothing until `open` is called; then everything, what waits included. */
export function gate(agent: LoopbackAgent): { open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  agent.answer = async (): Promise<UasAnswer> => {
    await opened;
    return { status: 200 };
  };
  return { open };
}

function start(text: string, o: { uri?: string; priority?: string; method?: string }) {
  const { contentType, body } = writeMultipart([
    { headers: [['Content-Type', 'text/plain;charset=utf-8']], body: text },
    {
      headers: [
        ['Content-Type', 'application/pidf+xml'],
        ['Content-ID', '<place>'],
      ],
      body: writePidfLo({
        entity: 'pres:ana@app.example',
        shape: place,
        timestamp: '2026-01-01T12:00:00Z',
        retentionExpiry: '2999-01-02T12:00:00Z',
      }),
    },
  ]);
  return {
    method: o.method ?? 'MESSAGE',
    uri: o.uri ?? 'urn:service:sos',
    from: 'sip:ana@app.example',
    to: o.uri ?? 'urn:service:sos',
    headers: [
      ['Geolocation', '<cid:place>'],
      ...(o.priority === undefined ? [] : [['Resource-Priority', o.priority] as const]),
    ] as const,
    contentType,
    body,
  };
}

function statusOf(outcome: UacOutcome): number | string {
  return outcome.kind === 'response' ? outcome.message.status : outcome.reason;
}

async function mapsEverything(): Promise<{ port: number; close: () => Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const asked = readLostRequest(Buffer.concat(chunks));
      if (!asked.ok) return void response.writeHead(400).end();
      response.setHeader('Content-Type', 'application/lost+xml').end(
        writeLostAnswer({
          type: 'findServiceResponse',
          mappings: [mapping],
          warnings: [],
          path: ['ecrf.lab'],
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
