import type { Agreement, TransferPeer } from '@esinet/chat-transfer';
import { type IdSource, type Logger, ManualClock, countingIds, err, ok, silentLogger } from '@esinet/kernel';
import { MessageType, type OutgoingMessage, type SendOutcome, writeCallInfo } from '@esinet/lmpe';
import {
  MemoryRecords,
  type Records,
  RecordsError,
  defaultLimits,
  type Fence,
  type RecordWrite,
  type WriteOutcome,
} from '@esinet/platform';
import { parseDatagram, writeMultipart } from '@esinet/sip';
import { Lookups } from '../attachments/lookups.js';
import { Centres } from '../centre.js';
import { ChatDesk } from '../chat-desk.js';
import { psapConfigSchema } from '../config.js';
import type { DeskEvent } from '../desk.js';
import { readIncoming } from '../incoming-message.js';
import { type ChatRecord, type MessageRecord, collections } from '../message-record.js';

/** What the specs of transfers share: the caller's program and the wires between PSAPs, none of which is ours to test. */

export const callId = 'urn:emergency:uid:callid:0123456789abcdefghij:app.lab';

/** The caller's program as far as a PSAP sees it: the arbiter of every transfer (ADR 0011). */
export class FakeApp {
  /** Everything it was sent, and what it answered. */
  readonly heard: { from: string; type: number; id: number | undefined; text: string; status: number }[] = [];
  /** Public URI of the PSAP it is with. */
  owner = '';
  stalled = false;
  /** Answers instead of its own judgement: a status, or 0 for none. */
  deaf: ((type: number, from: string) => number | undefined) | undefined;
  replyTo = '';
  readonly #seen = new Set<string>();
  #next = 1;

  constructor(readonly uri = 'sip:ana@provider.lab') {}

  take(from: string, m: OutgoingMessage): SendOutcome {
    const forced = this.deaf?.(m.messageType, from);
    const status = forced ?? this.#judge(from, m);
    const { messageType: type, messageId: id, text = '' } = m;
    if (type !== MessageType.heartbeat) this.heard.push({ from, type, id, text, status });
    return status === 0 ? { kind: 'failure', reason: 'timeout' } : { kind: 'answered', status };
  }

  /** The next message of its own, for whoever it is with. */
  write(type: number, text: string, parts: readonly { type: string; body: Buffer }[] = []): Buffer {
    const id = this.#next++;
    const identifiers = writeCallInfo({ callId, messageType: type, messageId: id, element: 'app.lab' });
    const several = parts.length > 0;
    const written = writeMultipart([
      { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: text },
      ...parts.map((part) => ({ headers: [['Content-Type', part.type] as const], body: part.body })),
    ]);
    const body = several ? written.body : Buffer.from(text);
    const head = [
      `MESSAGE ${type === MessageType.start ? 'urn:service:sos' : this.owner} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK${id}`,
      `From: <${this.uri}>;tag=a`,
      `To: <urn:service:sos>`,
      `Call-ID: ${id}@app.lab`,
      `CSeq: ${id} MESSAGE`,
      'Max-Forwards: 70',
      ...identifiers.map((value) => `Call-Info: ${value}`),
      `Content-Type: ${several ? written.contentType : 'text/plain; charset=utf-8'}`,
      `Content-Length: ${body.length}`,
    ];
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
  }

  /** Which PSAP's 265 or 257 it took, by copies too. */
  #judge(from: string, m: OutgoingMessage): number {
    const key = `${from} ${m.messageType} ${m.messageId ?? ''}`;
    if (m.messageId !== undefined && this.#seen.has(key)) return 200;
    switch (m.messageType) {
      case MessageType.start:
        this.owner = from;
        this.stalled = false;
        break;
      case MessageType.stopTransfer:
        if (from !== this.owner) return 403;
        this.stalled = true;
        break;
      case MessageType.startTransfer:
        if (!this.stalled) return 403;
        this.stalled = false;
        this.owner = from;
        break;
      case MessageType.stopRedirect:
        this.stalled = true;
        this.replyTo = m.replyTo ?? '';
        break;
    }
    this.#seen.add(key);
    return 200;
  }
}

/** Records of a process that dies at its nth write, and with it everything that is not on disk. */
export class MortalRecords implements Records {
  left = Number.POSITIVE_INFINITY;
  /** Whether the last write is on disk. */
  keepsLast = true;
  /** Writes until the disk is full; the process lives on. */
  room = Number.POSITIVE_INFINITY;
  dead = false;

  constructor(readonly inner: MemoryRecords = new MemoryRecords()) {}

  async append(collection: string, key: string, value: unknown): Promise<'stored' | 'duplicate'> {
    this.#live();
    const done = await this.inner.append(collection, key, value);
    this.#count();
    return done;
  }

  async put(collection: string, key: string, value: unknown): Promise<void> {
    this.#live();
    await this.inner.put(collection, key, value);
    this.#count();
  }

  async write(writes: readonly RecordWrite[], fence?: Fence): Promise<WriteOutcome[]> {
    this.#live();
    const done = await this.inner.write(writes, fence);
    this.#count();
    return done;
  }

  async claim(name: string): Promise<Fence> {
    this.#live();
    const fence = await this.inner.claim(name);
    this.#count();
    return fence;
  }

  get(collection: string, key: string): Promise<unknown> {
    return this.inner.get(collection, key);
  }

  list(...args: Parameters<MemoryRecords['list']>): ReturnType<MemoryRecords['list']> {
    return this.inner.list(...args);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #live(): void {
    if (this.room <= 0) throw new RecordsError('full', 'the disk is full');
    this.room--;
    if (this.left === 1 && !this.keepsLast) this.dead = true;
    if (this.dead || this.left <= 0) throw new RecordsError('closed', 'the process is dead');
  }

  /** What is on disk is on disk; whoever waits for the news of it does not live to hear it. */
  #count(): void {
    if (--this.left > 0) return;
    this.dead = true;
    throw new RecordsError('closed', 'the process died');
  }
}

const toledo = 'sip:toledo@b.lab';
const madrid = 'sip:madrid@a.lab';
const cuenca = 'sip:cuenca@a.lab';
export const uris = { madrid, toledo, cuenca };

interface Process {
  readonly desk: ChatDesk;
  readonly records: MortalRecords;
  readonly events: DeskEvent[];
}

/** Two PSAPs in two processes, an APP, and a clock. */
export class TwoPsaps {
  readonly clock = new ManualClock();
  readonly app = new FakeApp();
  readonly disks = { madrid: new MemoryRecords(), toledo: new MemoryRecords() };
  readonly running = new Map<string, Process>();
  readonly centres = new Map<string, Centres>();
  /** What is done to HTTP-3 on its way: `lost` before it arrives, `unanswered` after. */
  wire: (what: 'negotiate' | 'execute', to: string) => 'lost' | 'unanswered' | undefined = () => undefined;
  readonly asked: { what: string; data: boolean; status: number | undefined }[] = [];
  #ids: IdSource = countingIds('t');

  constructor(
    private readonly transfer: Readonly<Record<string, unknown>> = {},
    private readonly logger: Logger = silentLogger,
    private readonly psap: Readonly<Record<string, unknown>> = {},
  ) {}

  /** Starts it over what is on its disk. `lives`: writes before it dies. */
  async start(name: 'madrid' | 'toledo', lives = Number.POSITIVE_INFINITY): Promise<ChatDesk> {
    const domain = name === 'madrid' ? 'a' : 'b';
    const other = name === 'madrid' ? 'b' : 'a';
    const config = psapConfigSchema.parse({
      domain: `${domain}.internal`,
      publicDomain: `${domain}.lab`,
      acceptAny: false,
      defaultCentre: name,
      // Another centre in the same process.
      centres: name === 'madrid' ? [{ uri: 'sip:cuenca@a.internal', name: 'Cuenca' }] : [],
      script: 'none',
      transfer: {
        agreements: [{ name: other, uris: [`sip:*@${other}.lab`], url: `https://${other}.lab` }],
        ...this.transfer,
      },
      ...this.psap,
    });
    const records = new MortalRecords(this.disks[name]);
    const centres = new Centres(config);
    const events: DeskEvent[] = [];
    const desk: ChatDesk = new ChatDesk({
      config,
      centres,
      records,
      clock: this.clock,
      ids: this.#ids,
      logger: this.logger,
      lookups: new Lookups({
        look: undefined,
        fetch: undefined,
        clock: this.clock,
        logger: silentLogger,
        intervalMs: 1,
      }),
      limits: defaultLimits,
      send: async (chat, message) => {
        await Promise.resolve();
        if (records.dead) return new Promise(() => undefined);
        return this.app.take(chat.centre.publicUri, message);
      },
      watcher: {
        started: () => undefined,
        message: () => undefined,
        ended: () => undefined,
        note: () => undefined,
        phases: () => undefined,
        transfer: () => undefined,
      },
      transferClient: this.#client(() => records.dead, domain),
    });
    desk.watch((event) => events.push(event));
    this.centres.set(name, centres);
    this.running.set(name, { desk, records, events });
    await desk.restore();
    records.left = lives;
    return desk;
  }

  desk(name: 'madrid' | 'toledo'): ChatDesk {
    const running = this.running.get(name);
    if (!running) throw new Error(`${name} is not running`);
    return running.desk;
  }

  /** As kill -9: nothing of it is heard of again. */
  kill(name: 'madrid' | 'toledo'): void {
    const running = this.running.get(name);
    if (running) running.records.dead = true;
    running?.desk.close();
    this.running.delete(name);
  }

  /** The APP says something to whoever it is with. Gives the status. */
  async say(
    type: number,
    text: string,
    parts: readonly { type: string; body: Buffer }[] = [],
  ): Promise<number> {
    return this.deliver(this.app.write(type, text, parts), this.app.owner === toledo ? 'toledo' : 'madrid');
  }

  async deliver(raw: Buffer, name: 'madrid' | 'toledo', centre: string = name): Promise<number> {
    const parsed = parseDatagram(raw);
    const running = this.running.get(name);
    if (parsed.kind !== 'message' || !running || running.records.dead) return 0;
    const answer = await running.desk.take(
      readIncoming(parsed.message, defaultLimits),
      this.centres.get(name)?.get(centre),
    );
    // The answer of a process that died while it wrote is not heard.
    return this.running.get(name)?.records.dead ? 0 : answer.status;
  }

  async chat(name: 'madrid' | 'toledo'): Promise<ChatRecord | undefined> {
    const all = await this.disks[name].list(collections.chats);
    return all.map(({ value }) => value as ChatRecord).find((chat) => chat.callId === callId);
  }

  async messages(name: 'madrid' | 'toledo'): Promise<MessageRecord[]> {
    const all = await this.disks[name].list(collections.messages);
    return all.map(({ value }) => value as MessageRecord).sort((a, b) => a.sequence - b.sequence);
  }

  /** Lets everything happen that does not wait for time. */
  async settle(turns = 60): Promise<void> {
    for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Time passes, with everything that happens in it. */
  async pass(ms: number, step = 500): Promise<void> {
    for (let gone = 0; gone < ms; gone += step) {
      this.clock.advance(Math.min(step, ms - gone));
      await this.settle(12);
    }
  }

  #client(dead: () => boolean, from: string): TransferPeer {
    const ask = async <T extends { StatusCode: number }>(
      what: 'negotiate' | 'execute',
      to: string,
      data: boolean,
      run: (desk: ChatDesk, peer: Agreement) => Promise<T | undefined>,
    ) => {
      const name = to.includes('b.lab') ? 'toledo' : 'madrid';
      const running = this.running.get(name);
      const wire = this.wire(what, name);
      const failed = err({ code: 'unreachable', message: '' } as const);
      const peer: Agreement = {
        name: from,
        uris: [`sip:*@${from}.lab`],
        url: '',
        may: ['transfer', 'redirect', 'receive'],
      };
      if (!running || wire === 'lost') return failed;
      const answer = await run(running.desk, peer);
      this.asked.push({ what, data, status: answer?.StatusCode });
      if (dead()) return new Promise<never>(() => undefined);
      if (!answer || wire === 'unanswered' || running.records.dead) return failed;
      return ok(answer);
    };
    return {
      negotiate: (url, request) =>
        ask('negotiate', url, false, (desk, peer) => desk.transferHandler.negotiate(copy(request), peer)),
      execute: (url, request) =>
        ask('execute', url, request.Data !== undefined, (desk, peer) =>
          desk.transferHandler.execute(copy(request), peer),
        ),
    };
  }
}

/** As over the wire. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
