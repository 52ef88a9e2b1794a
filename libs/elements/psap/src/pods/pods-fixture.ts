import { type Clock, ManualClock, type Timer, countingIds, silentLogger } from '@esinet/kernel';
import { type OutgoingMessage, writeCallInfo } from '@esinet/lmpe';
import {
  type Bus,
  BusError,
  InProcessBus,
  MemoryRecords,
  MemoryStore,
  type Records,
  type Store,
  StoreError,
  type Subscription,
  defaultLimits,
} from '@esinet/platform';
import { parseDatagram } from '@esinet/sip';
import { Lookups } from '../attachments/lookups.js';
import { Centres } from '../centre.js';
import { ChatDesk } from '../chat-desk.js';
import { psapConfigSchema } from '../config.js';
import type { DeskEvent } from '../desk.js';
import { type IncomingMessage, readIncoming } from '../incoming-message.js';
import { type ChatRecord, type MessageRecord, collections } from '../message-record.js';

/** Something we sent to a caller. */
export interface Sent {
  readonly pod: string;
  readonly callId: string;
  readonly message: OutgoingMessage;
}

/** Several processes of a PSAP over what they share, and a clock that moves when told to. */
export class PodWorld {
  readonly clock = new ManualClock();
  readonly records = new MemoryRecords();
  readonly store = new MemoryStore({ clock: this.clock });
  readonly bus = new InProcessBus({ clock: this.clock });
  readonly pods = new Map<string, Pod>();
  readonly sent: Sent[] = [];
  /** Neither answers: as if the servers were gone. */
  storeAway = false;
  busAway = false;
  readonly ids = countingIds('p');
  #calls = 0;

  constructor(readonly psap: object = {}) {}

  async start(name: string): Promise<Pod> {
    const pod = new Pod(name, this);
    this.pods.set(name, pod);
    const started = pod.desk.restore();
    await this.until(started);
    return pod;
  }

  pod(name: string): Pod {
    const pod = this.pods.get(name);
    if (!pod) throw new Error(`${name} is not there`);
    return pod;
  }

  /** A MESSAGE of a caller, octet by octet. With the same `cseq` it is the same request. */
  message(o: {
    readonly chat: string;
    readonly type: number;
    readonly id: number;
    readonly text: string;
    readonly cseq?: number;
    readonly sender?: string;
    /** Without what identifies the chat. */
    readonly bare?: boolean;
  }): Buffer {
    const { chat, type, id, text } = o;
    const info = writeCallInfo({
      callId: callIdOf(chat),
      messageType: type,
      messageId: id,
      element: 'app.lab',
    });
    const call = o.cseq ?? ++this.#calls;
    const sender = o.sender ?? `sip:${chat}@provider.lab`;
    return Buffer.from(
      [
        'MESSAGE sip:madrid@psap.esinet.internal SIP/2.0',
        'Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK' + call,
        `From: <${sender}>;tag=1`,
        'To: <urn:service:sos>',
        `Call-ID: c${call}`,
        'CSeq: 1 MESSAGE',
        ...(o.bare ? [] : info.map((value) => `Call-Info: ${value}`)),
        'Content-Type: text/plain;charset=utf-8',
        `Content-Length: ${Buffer.byteLength(text)}`,
        '',
        text,
      ].join('\r\n'),
    );
  }

  async chats(): Promise<ChatRecord[]> {
    return (await this.records.list(collections.chats)).map(({ value }) => value as ChatRecord);
  }

  async messages(chat?: string): Promise<MessageRecord[]> {
    const all = await this.records.list(collections.messages, { limit: 100_000 });
    return all
      .map(({ value }) => value as MessageRecord)
      .filter((m) => chat === undefined || m.callId === callIdOf(chat))
      .sort((a, b) => a.sequence - b.sequence);
  }

  /** What reached the caller, a copy once. */
  heard(chat: string): string[] {
    const of = this.sent.filter(({ callId }) => callId === callIdOf(chat));
    return [...new Set(of.map(({ message: m }) => `${m.messageType}/${m.messageId ?? '-'} ${m.text ?? ''}`))];
  }

  /** Which processes have a chat in memory. */
  owners(chat: string): string[] {
    return [...this.pods.values()]
      .filter(({ life, desk }) => life !== 'dead' && desk.knows(callIdOf(chat)))
      .map(({ name }) => name);
  }

  /** Time passes, with everything that happens in it. */
  async pass(ms: number, step = 50): Promise<void> {
    for (let gone = 0; gone < ms; gone += step) {
      this.clock.advance(Math.min(step, ms - gone));
      await this.settle();
    }
  }

  async settle(turns = 8): Promise<void> {
    for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Lets time pass until the promise is settled. */
  async until<T>(promise: Promise<T>, ms = 60_000): Promise<T> {
    let over = false;
    const done = (): void => void (over = true);
    promise.then(done, done);
    await this.settle();
    for (let gone = 0; !over && gone < ms; gone += 25) await this.pass(25, 25);
    if (!over) throw new Error(`not done within ${ms} ms`);
    return promise;
  }

  async close(): Promise<void> {
    for (const pod of this.pods.values()) pod.kill();
    await this.bus.close();
  }
}

export function callIdOf(chat: string): string {
  return `urn:emergency:uid:callid:${chat}:app.lab`;
}

/** One process. Frozen, nothing in it goes on; killed, nothing ever does. */
export class Pod {
  life: 'running' | 'frozen' | 'dead' = 'running';
  /** How long a write of it takes: it lives, and answers late. */
  recordsMs = 0;
  readonly desk: ChatDesk;
  readonly events: DeskEvent[] = [];
  readonly #centres: Centres;
  readonly #subscriptions: Subscription[] = [];
  #thawed: (() => void)[] = [];
  #died: (() => void)[] = [];

  constructor(
    readonly name: string,
    private readonly world: PodWorld,
  ) {
    const config = psapConfigSchema.parse({
      centres: [
        { uri: 'sip:madrid@psap.esinet.internal', name: 'Madrid' },
        { uri: 'sip:cuenca@psap.esinet.internal', name: 'Cuenca' },
      ],
      defaultCentre: 'madrid',
      script: 'none',
      ...world.psap,
    });
    const clock = this.#clock();
    const records = this.#records();
    this.#centres = new Centres(config);
    this.desk = new ChatDesk({
      config,
      centres: this.#centres,
      records,
      clock,
      ids: world.ids,
      logger: silentLogger,
      limits: defaultLimits,
      lookups: new Lookups({ look: undefined, fetch: undefined, clock, logger: silentLogger, intervalMs: 1 }),
      send: async (chat, message) => {
        await this.#gate();
        world.sent.push({ pod: name, callId: chat.callId, message });
        await this.#gate();
        return { kind: 'answered', status: 200 };
      },
      watcher: {
        started: () => undefined,
        message: () => undefined,
        ended: () => undefined,
        note: () => undefined,
        phases: () => undefined,
        transfer: () => undefined,
      },
      cluster: {
        instance: name,
        run: world.ids.token(8),
        store: this.#store(),
        bus: this.#bus(),
        read: (raw) => this.#read(raw),
      },
    });
    this.desk.watch((event) => this.events.push(event));
  }

  /** The status, or 0 where it dies first. */
  async deliver(raw: Buffer): Promise<number> {
    const died = new Promise<number>((resolve) => this.#died.push(() => resolve(0)));
    const answered = (async () => {
      await this.#gate();
      const { message, here } = this.#read(raw);
      try {
        const { status } = await this.desk.where(message, here);
        await this.#gate();
        return status;
      } catch {
        return 500;
      }
    })();
    return Promise.race([answered, died]);
  }

  freeze(): void {
    if (this.life === 'running') this.life = 'frozen';
  }

  thaw(): void {
    if (this.life !== 'frozen') return;
    this.life = 'running';
    for (const go of this.#thawed.splice(0)) go();
  }

  kill(): void {
    this.life = 'dead';
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
    for (const died of this.#died.splice(0)) died();
    this.#thawed = [];
    this.desk.close();
    this.desk.end();
  }

  /** As after SIGTERM. */
  async leave(): Promise<void> {
    await this.desk.leave();
    this.kill();
  }

  #read(raw: Buffer): { message: IncomingMessage; here: () => Promise<{ status: number }> } {
    const parsed = parseDatagram(Buffer.from(raw));
    if (parsed.kind !== 'message') throw new Error('not a message');
    const message = readIncoming(parsed.message, defaultLimits);
    const named = this.#centres.of(parsed.message);
    return { message, here: () => this.desk.take(message, named) };
  }

  /** Goes on when the process does. */
  #gate(): Promise<void> {
    if (this.life === 'running') return Promise.resolve();
    return new Promise((resolve) => {
      if (this.life === 'frozen') this.#thawed.push(() => resolve(this.#gate()));
    });
  }

  #clock(): Clock {
    const { clock } = this.world;
    return {
      now: () => clock.now(),
      wall: () => clock.wall(),
      after: (ms, fire): Timer => {
        let cancelled = false;
        const timer = clock.after(ms, () => {
          if (this.life === 'running') fire();
          else if (this.life === 'frozen') this.#thawed.push(() => void (cancelled || fire()));
        });
        return {
          cancel: () => {
            cancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }

  /** As a server's client: nothing goes out or comes in while the process is asleep. */
  #gated<T extends object>(
    inner: T,
    fails: () => Error | undefined,
    takesMs: (name: string | symbol) => number = () => 0,
  ): T {
    return new Proxy(inner, {
      get: (target, name) => {
        const found: unknown = Reflect.get(target, name);
        if (typeof found !== 'function') return name === 'exclusive' ? undefined : found;
        return async (...args: unknown[]) => {
          await this.#gate();
          await Promise.resolve();
          const ms = takesMs(name);
          if (ms > 0) await new Promise<void>((go) => this.world.clock.after(ms, go));
          const failure = fails();
          if (failure) throw failure;
          try {
            return (await (found as (...of: unknown[]) => Promise<unknown>).apply(target, args)) as unknown;
          } finally {
            await this.#gate();
          }
        };
      },
    });
  }

  #records(): Records {
    return this.#gated<Records>(
      this.world.records,
      () => undefined,
      (name) => (name === 'write' ? this.recordsMs : 0),
    );
  }

  #store(): Store {
    return this.#gated<Store>(this.world.store, () =>
      this.world.storeAway ? new StoreError('unreachable', 'away') : undefined,
    );
  }

  #bus(): Bus {
    const { bus } = this.world;
    const away = (): boolean => this.world.busAway || this.life === 'dead';
    const keep = (subscription: Subscription): Subscription => {
      this.#subscriptions.push(subscription);
      return subscription;
    };
    return {
      publish: (subject, payload) => {
        if (!away()) bus.publish(subject, payload);
      },
      subscribe: (pattern, handler, options) =>
        keep(
          bus.subscribe(
            pattern,
            async (payload, subject) => {
              if (away()) return;
              await this.#gate();
              await handler(payload, subject);
            },
            options,
          ),
        ),
      request: async (subject, payload, options) => {
        await this.#gate();
        if (away()) throw new BusError('no-responders', 'away');
        const answer = await bus.request(subject, payload, options);
        await this.#gate();
        return answer;
      },
      reply: (pattern, handler, options) =>
        keep(
          bus.reply(
            pattern,
            async (payload, subject) => {
              await this.#gate();
              const answer = await handler(payload, subject);
              await this.#gate();
              return answer;
            },
            options,
          ),
        ),
      close: () => Promise.resolve(),
    };
  }
}
