import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EsinetConfig,
  type RunningRoaming,
  type SiteName,
  type WireEvent,
  startRoaming,
} from '@esinet/app-esinet';
import { type ChatClient, type ChatMessage, type OpenChatOptions, openChat } from '@esinet/element-app';
import { readIdentifiers } from '@esinet/lmpe';
import { type SipMessage, parseDatagram } from '@esinet/sip';
import { until } from '@esinet/testing';
import type { RecordedChat } from '../lab.js';

/** A SIP message as an element of the lab received it. */
export interface Received {
  /** `portugal psap` */
  readonly by: string;
  readonly message: SipMessage;
  readonly event: WireEvent;
}

export interface Caller {
  readonly client: ChatClient;
  readonly heard: readonly ChatMessage[];
  /** Resolves when it has heard this. */
  hears(text: string): Promise<ChatMessage>;
}

export interface RoamingLab {
  readonly running: RunningRoaming;
  /** Every message that any element has received, in order. */
  readonly received: readonly Received[];
  readonly events: readonly { site: SiteName; subject: string; payload: Record<string, unknown> }[];
  port(site: SiteName, standard: number): number;
  caller(site: SiteName, o?: Partial<OpenChatOptions> & { readonly as?: string | null }): Promise<Caller>;
  /** The chat at a site's PSAPs once it is `ready`. */
  chat(site: SiteName, callId: string, ready?: (chat: RecordedChat) => boolean): Promise<RecordedChat>;
  act(site: SiteName, callId: string, what: string, body: object): Promise<number>;
  /** The MESSAGE requests of a chat that `by` has received, of one type where given. */
  requests(by: string, callId: string, messageType?: number): Received[];
  /** The elements a request has come through, as its Via fields name them, the sender's own first. */
  roadTo(received: Received): string[];
  close(): Promise<void>;
}

/** Between the ports of `startLab`, of the command line's tests, and those the system hands out. */
const offsets = [4_400, 6_400, 8_400, 10_400, 12_400];

export async function startRoamingLab(
  adjust?: (config: EsinetConfig, site: SiteName) => EsinetConfig,
): Promise<RoamingLab> {
  const data = await mkdtemp(join(tmpdir(), 'esinet-roaming-'));
  const first = Math.floor(Math.random() * offsets.length);
  let last: unknown;
  for (const [i] of offsets.entries()) {
    try {
      return await start(data, offsets[(first + i) % offsets.length] ?? 0, adjust);
    } catch (error) {
      last = error;
    }
  }
  throw last instanceof Error ? last : new Error('no free block of ports for a roaming lab');
}

async function start(
  data: string,
  offset: number,
  adjust: ((config: EsinetConfig, site: SiteName) => EsinetConfig) | undefined,
): Promise<RoamingLab> {
  const received: Received[] = [];
  const running = await startRoaming({
    data,
    offset,
    ...(adjust && { adjust }),
    onWire: (site, element, event) => {
      if (event.direction !== 'in') return;
      const parsed = parseDatagram(Buffer.from(event.bytes));
      if (parsed.kind === 'message')
        received.push({ by: `${site} ${element}`, message: parsed.message, event });
    },
  });
  const events: RoamingLab['events'][number][] = [];
  for (const site of ['spain', 'portugal'] as const) {
    running[site].bus.subscribe('events.>', (payload, subject) => {
      events.push({ site, subject, payload: payload as Record<string, unknown> });
    });
  }
  const port = (site: SiteName, standard: number): number => standard + running.sites[site].offset;
  const names = listenersByAddress(port);
  const open: ChatClient[] = [];
  const api = (site: SiteName): string => `http://127.0.0.1:${port(site, 15_090)}/api`;
  return {
    running,
    received,
    events,
    port,
    async caller(site, o = {}) {
      const { as = 'caller1', ...more } = o;
      const client = await openChat({
        service: 'urn:service:sos',
        via:
          as === null
            ? { transport: 'udp', host: '127.0.0.1', port: port(site, 15_060) }
            : { transport: 'ws', host: '127.0.0.1', port: port(site, 15_080), path: '/sip' },
        ...(as !== null && { register: { user: as, password: as, domain: running.sites[site].provider } }),
        ...more,
      });
      open.push(client);
      const heard: ChatMessage[] = [];
      client.onMessage((message) => heard.push(message));
      return {
        client,
        heard,
        hears: (text) => until(() => heard.find((message) => message.text.includes(text))),
      };
    },
    async chat(site, callId, ready = () => true) {
      return until(async () => {
        const answer = await fetch(`${api(site)}/chats/${encodeURIComponent(callId)}`);
        if (!answer.ok) return undefined;
        const chat = (await answer.json()) as RecordedChat;
        return ready(chat) ? chat : undefined;
      });
    },
    async act(site, callId, what, body) {
      const answer = await fetch(`${api(site)}/chats/${encodeURIComponent(callId)}/${what}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      await answer.text();
      return answer.status;
    },
    requests: (by, callId, messageType) =>
      received.filter(({ by: at, message }) => {
        if (at !== by || !message.isRequest || message.method !== 'MESSAGE') return false;
        const identifiers = readIdentifiers(message.values('Call-Info'));
        return (
          identifiers.callId === callId &&
          (messageType === undefined || identifiers.messageType === messageType)
        );
      }),
    roadTo: ({ by, message }) => [
      ...message.vias.map((via) => names.get(`${via.host}:${via.port ?? 5060}`) ?? 'app').toReversed(),
      by,
    ],
    async close() {
      for (const client of open.splice(0)) await client.close();
      await running.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** What stands in Via, and whose it is. */
function listenersByAddress(port: (site: SiteName, standard: number) => number): Map<string, string> {
  const ports = {
    provider: [15_050, 15_080, 15_081],
    bcf: [15_060, 15_061, 15_062],
    esrp: [15_070],
    psap: [15_075],
  };
  const names = new Map<string, string>();
  for (const site of ['spain', 'portugal'] as const) {
    for (const [element, standard] of Object.entries(ports)) {
      for (const each of standard) names.set(`127.0.0.1:${port(site, each)}`, `${site} ${element}`);
    }
  }
  return names;
}
