import {
  type Transferee,
  type TransfereeEffect,
  type TransfereeEvent,
  executedBy,
  isTransfereeActive,
  mayNegotiateAgain,
  newTransferee,
  transferee,
} from './transferee.js';
import {
  type Transferor,
  type TransferorEffect,
  type TransferorEvent,
  isTransferorActive,
  newTransferor,
  transferor,
  wantsRestored,
} from './transferor.js';

/*
 * A chat, its APP and three PSAPs over a network that loses, delays, repeats and reorders, with crashes that take
 * everything that was not persisted. The two machines are the real ones; what is around them is as little as they need.
 */

export interface Faults {
  /** Of each way of each HTTP exchange and each MESSAGE: lost, or sent twice. */
  readonly lost: number;
  readonly twice: number;
  /** Longest delay of one way, milliseconds. */
  readonly delayMs: number;
  /** Chance of a crash at each durable write and each outward act. */
  readonly crash: number;
  /** Sends of a MESSAGE until the outbox gives up. */
  readonly attempts: number;
  /** The APP forgets now and then that it waits. */
  readonly forgetful: number;
}

export interface Outcome {
  readonly problems: string[];
  readonly owner: string | undefined;
  readonly transfers: number;
  readonly handedOver: number;
  readonly crashes: number;
}

const faultsEndMs = 240_000;
const runMs = 3 * 3_600_000;
const sipTimeoutMs = 32_000;

interface Sent {
  readonly kind: 265 | 266;
  readonly messageId: number;
  status?: number;
}

interface Text {
  readonly number: number;
  answered: boolean;
}

/** What survives a crash. */
interface Durable {
  phase: 'none' | 'open' | 'transferring' | 'handed-over' | 'taking' | 'declined';
  lastSent: number;
  sent: { key: number; message: Sent }[];
  /** Texts of the APP in their order of arrival; one a second time would be a mistake. */
  texts: number[];
  /** Oldest first. */
  transfers: Entry[];
}

interface Entry {
  readonly key: number;
  /** As it counts now, and as it was persisted. */
  state: Transferor | Transferee;
  saved: Transferor | Transferee;
}

export class World {
  now = 0;
  crashes = 0;
  transfers = 0;
  handedOver = 0;
  readonly problems: string[] = [];
  readonly psaps: Psap[];
  readonly app: App;
  #queue: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  #seed: number;
  #keys = 0;

  constructor(
    seed: number,
    readonly faults: Faults,
  ) {
    this.#seed = seed * 2_654_435_761;
    this.psaps = ['a', 'b', 'c'].map((name) => new Psap(this, name));
    this.app = new App(this, this.psaps[0]?.name ?? '');
    const first = this.psaps[0];
    if (first) first.durable = { ...first.durable, phase: 'open', lastSent: 3 };
  }

  key(): number {
    return ++this.#keys;
  }

  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(p: number): boolean {
    return this.now < faultsEndMs && this.random() < p;
  }

  after(ms: number, run: () => void): void {
    this.#queue.push({ at: this.now + ms, order: this.#order++, run });
  }

  /** One way over the network: not at all, once or twice, late. */
  carry(run: () => void): void {
    const copies = this.chance(this.faults.lost) ? 0 : this.chance(this.faults.twice) ? 2 : 1;
    const delay = this.now < faultsEndMs ? this.faults.delayMs : 50;
    for (let i = 0; i < copies; i++) this.after(1 + this.random() ** 4 * delay, run);
  }

  named(name: string): Psap {
    const found = this.psaps.find((psap) => psap.name === name);
    if (!found) throw new Error(name);
    return found;
  }

  run(): Outcome {
    this.#plan();
    while (this.#queue.length > 0) {
      let next = 0;
      for (let i = 1; i < this.#queue.length; i++) {
        const a = this.#queue[i];
        const b = this.#queue[next];
        if (a && b && (a.at < b.at || (a.at === b.at && a.order < b.order))) next = i;
      }
      const [event] = this.#queue.splice(next, 1);
      if (!event || event.at > runMs) break;
      this.now = event.at;
      event.run();
    }
    return this.#judge();
  }

  /** Some transfers by whoever has the chat, and texts of a person all the time. */
  #plan(): void {
    for (let i = 0, at = 500; i < 4; i++, at += this.random() * 70_000) {
      this.after(at, () => {
        const from = this.psaps.find((psap) => psap.durable.phase === 'open');
        const others = this.psaps.filter((psap) => psap !== from);
        const to = others[Math.floor(this.random() * others.length)];
        if (from && to) from.transfer(to.name);
      });
    }
    for (let at = 100; at < faultsEndMs + 5_000; at += this.random() * 6_000) {
      this.after(at, () => this.app.write());
    }
  }

  #judge(): Outcome {
    const owners = this.psaps.filter((psap) => psap.durable.phase === 'open');
    const [owner] = owners;
    if (owners.length !== 1) this.problems.push(`owners: ${owners.map((o) => o.name).join(' ') || 'none'}`);
    else if (owner && this.app.with !== owner.name) {
      this.problems.push(`the APP is with ${this.app.with}, the owner is ${owner.name}`);
    }
    if (this.app.waits !== undefined) this.problems.push('the APP still waits');
    for (const psap of this.psaps) {
      if (!psap.up) this.problems.push(`${psap.name} is down`);
      if (new Set(psap.durable.texts).size !== psap.durable.texts.length) {
        this.problems.push(`${psap.name} has a text twice`);
      }
      for (const { state } of psap.durable.transfers) {
        const active = state.role === 'transferor' ? isTransferorActive(state) : isTransfereeActive(state);
        if (active) this.problems.push(`${psap.name}: ${state.role} is still ${state.phase}`);
      }
    }
    for (const text of this.app.texts) {
      if (!text.answered) this.problems.push(`text ${text.number} was never answered`);
      else if (owner && !owner.durable.texts.includes(text.number)) {
        this.problems.push(`text ${text.number} was answered and is not with ${owner.name}`);
      }
    }
    return {
      problems: this.problems,
      owner: owner?.name,
      transfers: this.transfers,
      handedOver: this.handedOver,
      crashes: this.crashes,
    };
  }
}

/** The arbiter: after a 266 the first 265 that is newer than it; every other is refused. */
class App {
  with: string;
  /** Message Identifier of the 266, while the person waits. */
  waits: number | undefined;
  readonly texts: Text[] = [];
  readonly #taken = new Set<string>();
  #busy = false;

  constructor(
    private readonly world: World,
    first: string,
  ) {
    this.with = first;
  }

  receive(sender: string, { kind, messageId }: Sent): number {
    const key = `${sender} ${kind} ${messageId}`;
    if (this.#taken.has(key)) return 200;
    if (kind === 266) {
      if (sender !== this.with) return 403;
      this.waits = messageId;
      if (this.world.chance(this.world.faults.forgetful)) {
        this.world.after(this.world.random() * 2_000, () => (this.waits = undefined));
      }
    } else {
      if (this.waits === undefined || messageId <= this.waits) return 403;
      this.waits = undefined;
      this.with = sender;
    }
    this.#taken.add(key);
    this.#next();
    return 200;
  }

  write(): void {
    this.texts.push({ number: this.texts.length + 1, answered: false });
    this.#next();
  }

  /** One at a time, in order; what went out before the 266 is sent again where it was sent. */
  #next(): void {
    const text = this.texts.find(({ answered }) => !answered);
    if (this.#busy || this.waits !== undefined || !text) return;
    this.#busy = true;
    this.#send(text, this.with);
  }

  #send(text: Text, to: string): void {
    let over = false;
    const end = (answered: boolean): void => {
      if (over) return;
      over = true;
      if (answered) text.answered = true;
      if (text.answered) {
        this.#busy = false;
        this.#next();
        return;
      }
      // Some clients follow the chat with what was not answered, some do not.
      this.world.after(500, () => this.#send(text, this.world.random() < 0.5 ? to : this.with));
    };
    this.world.carry(() => {
      if (this.world.named(to).receive(text.number)) {
        // The PSAP means it even if the APP never learns of it.
        text.answered = true;
        this.world.carry(() => end(true));
      }
    });
    this.world.after(sipTimeoutMs, () => end(false));
  }
}

/** A PSAP with one chat: its records, its outbox, and the machines of its transfers. */
class Psap {
  up = true;
  durable: Durable = { phase: 'none', lastSent: 0, sent: [], texts: [], transfers: [] };
  /** Everything that began in an earlier life is void. */
  #life = 0;
  #timers = new Map<string, number>();
  #outbox: { key: number; message: Sent }[] = [];
  #sending = false;
  #deciding: { key: number; answer: (status: 202 | 406, expiryTime: number) => void }[] = [];
  #waiting: { key: number; answer: (status: 200 | 503) => void }[] = [];

  constructor(
    private readonly world: World,
    readonly name: string,
  ) {}

  /** A text of the APP. Answered once it is recorded. */
  receive(number: number): boolean {
    if (!this.up || this.durable.phase === 'none') return false;
    // Who had the chat before may get what is left from that time: it says nothing about now.
    const strange = !this.durable.transfers.some(({ state }) => state.role === 'transferor');
    if (!this.#record(number)) return false;
    const takes = this.durable.transfers.findLast(({ state }) => state.role === 'transferee');
    if (strange && (this.durable.phase === 'taking' || this.durable.phase === 'declined') && takes) {
      this.durable.phase = 'open';
      this.#feedIn(takes.key, { type: 'heard', at: this.world.now });
    }
    return this.up;
  }

  #record(number: number): boolean {
    if (!this.durable.texts.includes(number)) this.durable.texts.push(number);
    if (this.#mayCrash()) return false;
    const newest = this.#newest('transferor');
    if (newest?.state.role === 'transferor') {
      if (isTransferorActive(newest.state) || this.durable.phase !== 'open') {
        this.#feedOut(newest.key, {
          type: 'recorded',
          at: this.world.now,
          sequence: this.durable.texts.length,
        });
      }
    }
    return this.up;
  }

  transfer(to: string): void {
    if (!this.up || this.durable.phase !== 'open') return;
    const newest = this.#newest('transferor');
    if (newest?.state.role === 'transferor' && isTransferorActive(newest.state)) return;
    this.world.transfers++;
    const [state, effects] = newTransferor({
      callId: 'chat',
      from: this.name,
      to,
      recorded: this.durable.texts.length,
    });
    const key = this.world.key();
    this.durable.transfers.push({ key, state, saved: state });
    this.#perform(key, effects);
  }

  /** HTTP-3, as the peer sees it. */
  negotiate(from: string, answer: (status: 202 | 406, expiryTime: number) => void): void {
    if (!this.up) return;
    const known = this.durable.transfers.filter(({ state }) => state.role === 'transferee');
    const last = known.at(-1)?.state;
    const busy = this.durable.phase === 'open' || this.durable.phase === 'transferring';
    if (busy || (last?.role === 'transferee' && !mayNegotiateAgain(last))) return answer(406, 10);
    const [state, effects] = newTransferee({
      callId: 'chat',
      from,
      to: this.name,
      peer: from,
      timing: { negotiationSeconds: 10 + Math.floor(this.world.random() * 30) },
    });
    const key = this.world.key();
    this.#deciding.push({ key, answer });
    this.durable.transfers.push({ key, state, saved: state });
    this.#perform(key, effects);
  }

  execute(
    from: string,
    request: { messageId: number; expiryTime: number; texts: readonly number[] | undefined },
    answer: (status: 200 | 503) => void,
  ): void {
    if (!this.up) return;
    const known = this.durable.transfers.flatMap(({ key, state }) =>
      state.role === 'transferee' && state.peer === from ? [{ key, messageId: state.messageId }] : [],
    );
    const found = executedBy(known, request.messageId);
    if (!found) return answer(503);
    const { key } = found;
    const life = this.#life;
    const waiter = { key, answer };
    this.#waiting.push(waiter);
    this.world.after(request.expiryTime * 1_000, () => {
      if (life === this.#life) this.#waiting = this.#waiting.filter((w) => w !== waiter);
    });
    this.#feedIn(
      key,
      {
        type: 'execute',
        at: this.world.now,
        messageId: request.messageId,
        expiryTime: request.expiryTime,
        history: request.texts !== undefined,
      },
      { merge: request.texts ?? [], refuse: () => this.#answer([waiter], 503) },
    );
  }

  #newest(role: 'transferor' | 'transferee') {
    return this.durable.transfers.findLast(({ state }) => state.role === role);
  }

  #feedOut(key: number, event: TransferorEvent): void {
    const entry = this.durable.transfers.find((t) => t.key === key);
    if (!this.up || entry?.state.role !== 'transferor') return;
    const [next, effects] = transferor(entry.state, event);
    this.#step(entry, next, effects, {});
  }

  #feedIn(key: number, event: TransfereeEvent, request: Request = {}): void {
    const entry = this.durable.transfers.find((t) => t.key === key);
    if (!this.up || entry?.state.role !== 'transferee') return;
    const [next, effects] = transferee(entry.state, event);
    this.#step(entry, next, effects, request);
  }

  /** The state counts in memory at once; it survives if it is persisted before a crash. */
  #step(
    entry: Entry,
    next: Transferor | Transferee,
    effects: readonly (TransferorEffect | TransfereeEffect)[],
    request: Request,
  ): void {
    entry.state = next;
    this.#perform(entry.key, effects, request);
  }

  #perform(
    key: number,
    effects: readonly (TransferorEffect | TransfereeEffect)[],
    request: Request = {},
  ): void {
    for (const effect of effects) {
      if (!this.up) return;
      if (this.#mayCrash()) return;
      this.#act(key, effect, request);
    }
  }

  #act(key: number, effect: TransferorEffect | TransfereeEffect, request: Request): void {
    const { world, durable } = this;
    const entry = durable.transfers.find((t) => t.key === key);
    if (!entry) return;
    const { state } = entry;
    const at = world.now;
    switch (effect.type) {
      case 'persist':
        entry.saved = state;
        return;
      case 'lost':
        return;
      case 'set-timer': {
        const name = `${key} ${effect.timer}`;
        const mark = world.key();
        this.#timers.set(name, mark);
        world.after(effect.ms, () => {
          if (this.#timers.get(name) !== mark) return;
          this.#timers.delete(name);
          const event = { type: 'timer', at: world.now, timer: effect.timer };
          if (state.role === 'transferor') this.#feedOut(key, event as TransferorEvent);
          else this.#feedIn(key, event as TransfereeEvent);
        });
        return;
      }
      case 'cancel-timers':
        for (const name of this.#timers.keys()) if (name.startsWith(`${key} `)) this.#timers.delete(name);
        return;
      case 'negotiate': {
        let over = false;
        const end = (status?: 202 | 406, expiryTime?: number): void => {
          if (over) return;
          over = true;
          this.#feedOut(key, {
            type: 'negotiated',
            at: world.now,
            ...(status !== undefined && { status, expiryTime: expiryTime ?? 10 }),
          });
          this.#feedOut(key, { type: 'begin', at: world.now });
        };
        const mine = this.#mine(end);
        world.carry(() =>
          world
            .named(state.to)
            .negotiate(this.name, (status, expiry) => world.carry(() => mine(status, expiry))),
        );
        world.after(45_000, () => mine());
        return;
      }
      case 'stall': {
        const sent = durable.sent.find((s) => s.key === key && s.message.kind === 266);
        if (sent?.message.status !== undefined) {
          this.#feedOut(key, {
            type: 'stalled',
            at,
            status: sent.message.status,
            messageId: sent.message.messageId,
          });
        }
        if (sent || durable.phase !== 'open') return;
        durable.phase = 'transferring';
        this.#send(key, { kind: 266, messageId: durable.lastSent });
        return;
      }
      case 'execute': {
        const texts = effect.history ? [...durable.texts] : undefined;
        const { messageId, expiryTime, attempt, upTo } = effect;
        let over = false;
        const end = this.#mine((status?: 200 | 503) => {
          if (over) return;
          over = true;
          this.#feedOut(key, {
            type: 'executed',
            at: world.now,
            attempt,
            upTo,
            ...(status !== undefined && { status }),
          });
        });
        world.carry(() =>
          world
            .named(state.to)
            .execute(this.name, { messageId, expiryTime, texts }, (status) => world.carry(() => end(status))),
        );
        if (world.chance(0.1)) world.after(200, () => end());
        world.after(expiryTime * 1_000, () => end());
        return;
      }
      case 'reactivate': {
        const stalled = durable.sent.some((s) => s.key === key && s.message.kind === 266);
        const sent = durable.sent.find((s) => s.key === key && s.message.kind === 265);
        if (!stalled) {
          this.#feedOut(key, { type: 'reactivated', at, status: 200 });
        } else if (!sent) {
          durable.phase = 'open';
          durable.lastSent += 1;
          this.#send(key, { kind: 265, messageId: durable.lastSent });
        } else if (sent.message.status !== undefined && sent.message.status !== 0) {
          this.#feedOut(key, { type: 'reactivated', at, status: sent.message.status });
        } else this.#post(key, sent.message);
        return;
      }
      case 'keep':
        durable.phase = 'open';
        return;
      case 'hand-over':
        if (durable.transfers.at(-1)?.key !== key) return;
        if (durable.phase !== 'handed-over') world.handedOver++;
        durable.phase = 'handed-over';
        this.#outbox = this.#outbox.filter((waits) => waits.key !== key || waits.message.kind !== 265);
        return;
      case 'ask': {
        const accept = world.random() < 0.9;
        const decide = this.#mine(() => this.#feedIn(key, { type: 'decide', at: world.now, accept }));
        world.after(world.random() * 3_000, decide);
        return;
      }
      case 'answer-negotiation':
        for (const waits of this.#deciding.filter((w) => w.key === key)) {
          waits.answer(effect.status, effect.expiryTime);
        }
        this.#deciding = this.#deciding.filter((w) => w.key !== key);
        return;
      case 'merge':
        for (const number of request.merge ?? []) if (!durable.texts.includes(number)) this.#record(number);
        return;
      case 'take': {
        const sent = durable.sent.find((s) => s.key === key && s.message.kind === 265);
        if (sent?.message.status !== undefined && sent.message.status !== 0) {
          this.#feedIn(key, { type: 'taken', at, status: sent.message.status });
        } else if (sent) this.#post(key, sent.message);
        else {
          durable.phase = 'taking';
          durable.lastSent = Math.max(effect.lastMessageId, durable.lastSent) + 1;
          this.#send(key, { kind: 265, messageId: durable.lastSent });
        }
        return;
      }
      case 'answer':
        this.#answer(
          this.#waiting.filter((w) => w.key === key),
          effect.status,
        );
        return;
      case 'refuse':
        request.refuse?.();
        return;
      case 'decline':
        if (durable.phase === 'taking') durable.phase = 'declined';
        return;
    }
  }

  #answer(waiters: { answer: (status: 200 | 503) => void }[], status: 200 | 503): void {
    this.#waiting = this.#waiting.filter((w) => !waiters.includes(w));
    for (const { answer } of waiters) answer(status);
  }

  #send(key: number, message: Sent): void {
    if (
      this.durable.sent.some(
        (s) => s.message.kind === message.kind && s.message.messageId === message.messageId,
      )
    ) {
      this.world.problems.push(`${this.name} used ${message.kind}/${message.messageId} twice`);
    }
    this.durable.sent.push({ key, message });
    if (!this.#mayCrash()) this.#post(key, message);
  }

  #post(key: number, message: Sent): void {
    if (this.#outbox.some((waits) => waits.message === message)) return;
    this.#outbox.push({ key, message });
    if (!this.#sending) this.#deliver();
  }

  /** One at a time, so that the APP sees a 266 before the 265 that takes it back. */
  #deliver(attempt = 1): void {
    const [head] = this.#outbox;
    this.#sending = head !== undefined;
    if (!head) return;
    const { world } = this;
    let over = false;
    const end = this.#mine((status: number) => {
      if (over) return;
      over = true;
      if (status === 0 && attempt < world.faults.attempts && this.#outbox[0] === head) {
        world.after(
          1_000 * 2 ** attempt,
          this.#mine(() => this.#deliver(attempt + 1)),
        );
        return;
      }
      this.#outbox = this.#outbox.filter((waits) => waits !== head);
      this.#outcome(head, status);
      if (this.up) this.#deliver();
    });
    world.carry(() => {
      const status = world.app.receive(this.name, head.message);
      world.carry(() => end(status));
    });
    world.after(sipTimeoutMs, () => end(0));
  }

  #outcome({ key, message }: { key: number; message: Sent }, status: number): void {
    const { durable, world } = this;
    message.status = status;
    const state = durable.transfers.find((t) => t.key === key)?.state;
    if (state?.role === 'transferee' && durable.phase === 'taking') {
      if (status === 200) durable.phase = 'open';
      if (status === 403) durable.phase = 'declined';
    }
    if (this.#mayCrash()) return;
    const at = world.now;
    if (message.kind === 266) {
      this.#feedOut(key, { type: 'stalled', at, status, messageId: message.messageId });
    } else if (state?.role === 'transferor') this.#feedOut(key, { type: 'reactivated', at, status });
    else this.#feedIn(key, { type: 'taken', at, status });
  }

  #mine<A extends unknown[]>(run: (...a: A) => void): (...a: A) => void {
    const life = this.#life;
    return (...a) => {
      if (this.up && life === this.#life) run(...a);
    };
  }

  /** Gives whether it crashed. */
  #mayCrash(): boolean {
    if (!this.up) return true;
    if (!this.world.chance(this.world.faults.crash)) return false;
    this.up = false;
    this.world.crashes++;
    this.#life++;
    for (const entry of this.durable.transfers) entry.state = entry.saved;
    this.#timers.clear();
    this.#outbox = [];
    this.#sending = false;
    this.#deciding = [];
    this.#waiting = [];
    this.world.after(this.world.random() * 20_000, () => this.#restart());
    return true;
  }

  #restart(): void {
    this.up = true;
    const { durable } = this;
    const at = this.world.now;
    for (const { key, message } of durable.sent) if (message.status === undefined) this.#post(key, message);
    for (const { key, state } of [...durable.transfers]) {
      if (!this.up) return;
      const newest = durable.transfers.at(-1)?.key === key;
      if (state.role === 'transferor') {
        if ((this.#newest('transferor')?.key === key && wantsRestored(state)) || isTransferorActive(state)) {
          this.#feedOut(key, { type: 'restored', at, recorded: durable.texts.length });
        }
      } else if (newest || isTransfereeActive(state)) {
        const sent = durable.sent.some((s) => s.key === key);
        this.#feedIn(key, { type: 'restored', at, sent });
      }
    }
  }
}

interface Request {
  readonly merge?: readonly number[];
  readonly refuse?: () => void;
}
