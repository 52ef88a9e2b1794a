import { isTransfereeActive } from '../transferee.js';
import { isTransferorActive } from '../transferor.js';
import { ModelApp } from './model-app.js';
import { ModelPsap } from './model-psap.js';

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
/** RFC 3261 17.1.2.2, Timer F. */
export const sipTimeoutMs = 32_000;

export class World {
  now = 0;
  crashes = 0;
  transfers = 0;
  handedOver = 0;
  readonly problems: string[] = [];
  readonly psaps: ModelPsap[];
  readonly app: ModelApp;
  #queue: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  #seed: number;
  #keys = 0;

  constructor(
    seed: number,
    readonly faults: Faults,
  ) {
    this.#seed = seed * 2_654_435_761;
    this.psaps = ['a', 'b', 'c'].map((name) => new ModelPsap(this, name));
    this.app = new ModelApp(this, this.psaps[0]?.name ?? '');
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

  named(name: string): ModelPsap {
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
