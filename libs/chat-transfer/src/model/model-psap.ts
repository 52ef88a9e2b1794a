import {
  type Transferee,
  type TransfereeEffect,
  type TransfereeEvent,
  executedBy,
  isTransfereeActive,
  mayNegotiateAgain,
  newTransferee,
  transferee,
} from '../transferee.js';
import {
  type Transferor,
  type TransferorEffect,
  type TransferorEvent,
  newTransferor,
} from '../transferor-state.js';
import { isTransferorActive, transferor, wantsRestored } from '../transferor.js';
import { type World, sipTimeoutMs } from './world.js';
export interface Sent {
  readonly kind: 265 | 266;
  readonly messageId: number;
  status?: number;
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
/** A PSAP with one chat: its records, its outbox, and the machines of its transfers. */
export class ModelPsap {
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
