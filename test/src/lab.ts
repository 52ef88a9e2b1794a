import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EsinetConfig,
  type EsinetOptions,
  type RunningEsinet,
  startLabEsinet,
} from '@esinet/app-esinet';

export interface RecordedMessage {
  readonly direction: 'in' | 'out';
  readonly messageId?: number;
  readonly messageType?: number;
  readonly text?: string;
  readonly reasons?: readonly string[];
  readonly history?: readonly string[];
  readonly sequence?: number;
  readonly locations?: readonly { readonly source: string }[];
  readonly otherParts?: readonly {
    readonly part: number;
    readonly contentType: string;
    readonly filename?: string;
    readonly bytes: number;
  }[];
  readonly imported?: string;
  readonly marks?: readonly string[];
}

export interface RecordedChat {
  readonly chat: string;
  readonly callId: string;
  readonly centre: string;
  readonly phase: string;
  readonly messages: readonly RecordedMessage[];
}

/** A whole ESInet in this process, on ports of its own, with a data folder of its own. */
export interface Lab {
  readonly running: RunningEsinet;
  readonly config: EsinetConfig;
  readonly offset: number;
  /** A port of the lab's defaults, where it is in this lab. */
  port(standard: number): number;
  readonly websocket: string;
  /** Events of the bus since the start, by subject. */
  readonly events: { readonly subject: string; readonly payload: Record<string, unknown> }[];
  /** Waits for a chat with a Call Identifier that contains `callId`, and gives all of it. */
  chat(callId: string, ready?: (chat: RecordedChat) => boolean): Promise<RecordedChat>;
  /** The chats of a Call Identifier, one at each centre that has had it. */
  chats(callId: string): Promise<RecordedChat[]>;
  say(callId: string, text: string): Promise<void>;
  stop(callId: string, text: string): Promise<void>;
  /** What a call taker asks for, by the REST interface: `transfer`, `redirect`, … of the chat or Call Identifier. */
  act(chat: string, what: string, body: object): Promise<Record<string, unknown>>;
  /** SIP URI of a centre. */
  centre(id: string): string;
  close(): Promise<void>;
}

/** Below the ports that the system hands out by itself. */
const slots = 14;

export async function startLab(
  adjust: (config: EsinetConfig) => EsinetConfig = (config) => config,
  watch: Pick<EsinetOptions, 'onWire'> = {},
): Promise<Lab> {
  const data = await mkdtemp(join(tmpdir(), 'esinet-lab-'));
  const first = Math.floor(Math.random() * slots);
  let last: unknown;
  for (let attempt = 0; attempt < slots; attempt++) {
    const offset = (((first + attempt) % slots) + 2) * 1000;
    try {
      return await start(offset, data, adjust, watch);
    } catch (error) {
      last = error;
    }
  }
  throw last instanceof Error ? last : new Error('no free block of ports for a lab');
}

async function start(
  offset: number,
  data: string,
  adjust: (config: EsinetConfig) => EsinetConfig,
  watch: Pick<EsinetOptions, 'onWire'>,
): Promise<Lab> {
  const running = await startLabEsinet({ ...watch, data, offset, adjust });
  const events: Lab['events'] = [];
  running.bus.subscribe('events.>', (payload, subject) => {
    events.push({ subject, payload: payload as Record<string, unknown> });
  });
  const port = (standard: number): number => standard + offset;
  const api = `http://127.0.0.1:${port(15_090)}/api`;
  const act = async (chat: string, what: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${api}/chats/${encodeURIComponent(chat)}/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const list = async (part: string): Promise<{ callId: string; chat: string }[]> => {
    const { chats } = (await (await fetch(`${api}/chats`)).json()) as {
      chats: { callId: string; chat: string }[];
    };
    return chats.filter(({ callId }) => callId.includes(part));
  };
  const find = async (part: string): Promise<string | undefined> => (await list(part))[0]?.callId;
  const full = async (part: string): Promise<string> => {
    const callId = await find(part);
    if (callId === undefined) throw new Error(`no chat with ${part}`);
    return callId;
  };
  return {
    running,
    config: running.config,
    offset,
    port,
    websocket: `ws://127.0.0.1:${port(15_080)}/sip`,
    events,
    async chat(part, ready = () => true) {
      for (const until = Date.now() + 5_000; ; await new Promise((r) => setTimeout(r, 50))) {
        const callId = await find(part);
        if (callId !== undefined) {
          const chat = (await (
            await fetch(`${api}/chats/${encodeURIComponent(callId)}`)
          ).json()) as RecordedChat;
          if (ready(chat) || Date.now() > until) return chat;
        }
        if (Date.now() > until) throw new Error(`no chat with ${part}`);
      }
    },
    chats: async (part) => {
      const found = await list(part);
      return Promise.all(
        found.map(async ({ chat }) => (await (await fetch(`${api}/chats/${chat}`)).json()) as RecordedChat),
      );
    },
    say: async (part, text) => void (await act(await full(part), 'messages', { text })),
    stop: async (part, text) => void (await act(await full(part), 'stop', { text })),
    act: async (chat, what, body) => act((await find(chat)) ?? chat, what, body),
    centre: (id) => `sip:${id}@${running.config.psap.domain}`,
    async close() {
      await running.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}
