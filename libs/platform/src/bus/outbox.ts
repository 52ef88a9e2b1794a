import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';

/** An event that waits until it is kept elsewhere. */
export interface OutboxEvent {
  /** By which its second coming is recognised. */
  readonly id: string;
  readonly subject: string;
  /** JSON. */
  readonly text: string;
  /** Events of one lane go one after another. */
  readonly lane: string;
}

/**
 * kept: it can be forgotten here. again: nobody said that it is kept. refused: it was said that it is not, and why; the
 * same event is tried a few times more.
 */
export type Sending =
  { readonly result: 'kept' | 'again' } | { readonly result: 'refused'; readonly reason: string };

/** What is kept over a restart of the process, by number in order of coming. */
export interface OutboxSpool {
  load(): Promise<readonly (readonly [number: number, event: OutboxEvent])[]>;
  write(
    added: readonly (readonly [number: number, event: OutboxEvent])[],
    gone: readonly number[],
  ): Promise<void>;
  close(): Promise<void>;
}

export interface OutboxLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly maxInFlight: number;
}

interface Waiting {
  readonly number: number;
  readonly event: OutboxEvent;
  readonly bytes: number;
  readonly since: number;
  underWay: boolean;
  spooled: boolean;
  gone: boolean;
  refusals: number;
}

/** An event that is acknowledged within this never touches the disk. */
const spoolAfterMs = 200;
/** Events written at a time, so that a long outage does not stop the event loop. */
const spooledAtOnce = 2_000;
/** Before a disk that failed is tried again. */
const brokenSpoolMs = 5_000;
/** Before an event that nobody acknowledged is sent again. */
const againAfterMs = 250;
/** Refusals after which an event is given up: the others of its lane wait for it. */
const maxRefusals = 5;
/** Events sent before the event loop has its turn. */
const sendsPerTurn = 64;

/**
 * Events in the order they came, each sent until it is kept. Those of one lane never overtake each other; lanes do not
 * wait for one another. Bounded: the oldest go first, counted. What is here is told, not promised: the record of a chat
 * is never here alone.
 */
export class Outbox {
  readonly #all = new Map<number, Waiting>();
  readonly #lanes = new Map<string, Waiting[]>();
  /** Lanes whose first event may be sent. */
  readonly #ready = new Set<string>();
  #fresh: Waiting[] = [];
  #gone: number[] = [];
  #next = 1;
  #bytes = 0;
  #underWay = 0;
  #isOpen = false;
  #turn = false;
  #writing: Promise<void> | undefined;
  #spoolTimer: Timer | undefined;
  #spoolBroken = false;
  #droppedTold = 0;
  #dropped = 0;

  constructor(
    private readonly o: {
      readonly send: (event: OutboxEvent) => Promise<Sending>;
      readonly spool: OutboxSpool | undefined;
      readonly limits: OutboxLimits;
      readonly clock: Clock;
      readonly logger: Logger;
      /** Of those that were given up. */
      readonly onDropped: (why: 'full' | 'refused') => void;
      readonly onSize: (events: number) => void;
    },
  ) {}

  get size(): number {
    return this.#all.size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Takes up what a process before this one had left. Before anything is added. */
  async load(): Promise<void> {
    if (!this.o.spool) return;
    try {
      for (const [number, event] of await this.o.spool.load()) {
        this.#next = Math.max(this.#next, number + 1);
        this.#take(number, event, true);
      }
      if (this.size > 0) this.o.logger.info('events of before wait', { events: this.size });
    } catch (error) {
      this.#spoolFails(error);
    }
  }

  add(event: OutboxEvent): void {
    this.#take(this.#next++, event, false);
    this.#startSoon();
    this.#spoolSoon();
  }

  /** From now on events are sent. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#startSoon();
  }

  /** Until `open` is called again none is begun. */
  pause(): void {
    this.#isOpen = false;
  }

  /** What is left goes to the spool. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#spoolTimer?.cancel();
    await this.#writing;
    do await this.#writeSpool(Infinity);
    while (!this.#spoolBroken && this.#fresh.length > 0);
    await this.o.spool?.close().catch(() => undefined);
  }

  #take(number: number, event: OutboxEvent, spooled: boolean): void {
    const { maxEvents, maxBytes } = this.o.limits;
    const bytes = event.text.length + event.subject.length;
    while (this.#all.size > 0 && (this.#all.size >= maxEvents || this.#bytes + bytes > maxBytes))
      this.#dropOldest();
    const waiting: Waiting = {
      number,
      event,
      bytes,
      since: this.o.clock.now(),
      underWay: false,
      spooled,
      gone: false,
      refusals: 0,
    };
    this.#all.set(number, waiting);
    this.#bytes += bytes;
    if (!spooled && this.o.spool) this.#fresh.push(waiting);
    const lane = this.#lanes.get(event.lane);
    if (lane) lane.push(waiting);
    else {
      this.#lanes.set(event.lane, [waiting]);
      this.#ready.add(event.lane);
    }
    this.o.onSize(this.#all.size);
  }

  #dropOldest(): void {
    for (const oldest of this.#all.values()) {
      this.#dropped++;
      this.#remove(oldest);
      this.o.onDropped('full');
      break;
    }
    // Once, and then each time ten times as many are gone.
    if (this.#dropped < Math.max(1, this.#droppedTold * 10)) return;
    this.#droppedTold = this.#dropped;
    this.o.logger.error('events lost: too many wait for the bus', { lost: this.#dropped });
  }

  #remove(waiting: Waiting): void {
    if (waiting.gone) return;
    waiting.gone = true;
    this.#all.delete(waiting.number);
    this.#bytes -= waiting.bytes;
    if (waiting.spooled) this.#gone.push(waiting.number);
    const { lane: name } = waiting.event;
    const lane = this.#lanes.get(name);
    if (lane) {
      if (lane[0] === waiting) lane.shift();
      else lane.splice(lane.indexOf(waiting), 1);
      if (lane.length === 0) {
        this.#lanes.delete(name);
        this.#ready.delete(name);
      } else if (!waiting.underWay && lane[0]?.underWay !== true) this.#ready.add(name);
    }
    this.o.onSize(this.#all.size);
  }

  #startSoon(): void {
    if (this.#turn || !this.#isOpen || this.#ready.size === 0) return;
    this.#turn = true;
    setImmediate(() => {
      this.#turn = false;
      this.#start();
    });
  }

  #start(): void {
    let left = sendsPerTurn;
    for (const name of this.#ready) {
      if (!this.#isOpen || this.#underWay >= this.o.limits.maxInFlight) return;
      if (left-- === 0) return this.#startSoon();
      this.#ready.delete(name);
      const first = this.#lanes.get(name)?.[0];
      if (first && !first.underWay) void this.#send(first);
    }
  }

  async #send(waiting: Waiting): Promise<void> {
    waiting.underWay = true;
    this.#underWay++;
    let sending: Sending;
    try {
      sending = await this.o.send(waiting.event);
    } catch (error) {
      sending = { result: 'refused', reason: messageOf(error) };
    }
    this.#underWay--;
    waiting.underWay = false;
    const { lane } = waiting.event;
    if (sending.result === 'kept') this.#remove(waiting);
    else if (sending.result === 'refused' && ++waiting.refusals >= maxRefusals) {
      this.#dropped++;
      this.o.logger.error('event lost: refused', { subject: waiting.event.subject, reason: sending.reason });
      this.o.onDropped('refused');
      this.#remove(waiting);
    } else {
      this.o.clock.after(againAfterMs, () => this.#readyAgain(lane));
      this.#startSoon();
      return;
    }
    this.#readyAgain(lane);
    this.#spoolSoon();
  }

  #readyAgain(lane: string): void {
    if (this.#lanes.has(lane)) this.#ready.add(lane);
    this.#startSoon();
  }

  #spoolSoon(): void {
    if (!this.o.spool || this.#spoolTimer || (this.#fresh.length === 0 && this.#gone.length === 0)) return;
    const ms = this.#spoolBroken ? brokenSpoolMs : spoolAfterMs;
    this.#spoolTimer = this.o.clock.after(ms, () => {
      this.#spoolTimer = undefined;
      this.#writing ??= this.#writeSpool(this.o.clock.now() - spoolAfterMs).finally(() => {
        this.#writing = undefined;
        this.#spoolSoon();
      });
    });
  }

  /** Writes what waits since before `until`, and deletes what is gone. */
  async #writeSpool(until: number): Promise<void> {
    const { spool } = this.o;
    if (!spool) return;
    let end = this.#fresh.findIndex(({ since, gone }) => !gone && since > until);
    end = Math.min(end < 0 ? this.#fresh.length : end, spooledAtOnce);
    const added = this.#fresh.splice(0, end).filter(({ gone }) => !gone);
    const gone = this.#gone.splice(0);
    if (added.length === 0 && gone.length === 0) return;
    for (const waiting of added) waiting.spooled = true;
    try {
      await spool.write(
        added.map(({ number, event }) => [number, event]),
        gone,
      );
      if (this.#spoolBroken) this.o.logger.info('events wait on disk again');
      this.#spoolBroken = false;
    } catch (error) {
      for (const waiting of added) waiting.spooled = false;
      this.#fresh = [...added, ...this.#fresh];
      this.#gone = [...gone, ...this.#gone];
      this.#spoolFails(error);
    }
  }

  /** They still wait in memory. */
  #spoolFails(error: unknown): void {
    if (this.#spoolBroken) return;
    this.#spoolBroken = true;
    this.o.logger.error('events wait in memory only', { reason: messageOf(error) });
  }
}
