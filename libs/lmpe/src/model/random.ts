/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** 0 to n - 1. */
  below(n: number): number;
  chance(p: number): boolean;
  pick<T>(of: readonly T[]): T;
}

export function seeded(seed: number): Random {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x85ebca6b) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    below,
    chance: (p) => next() < p,
    pick: (of) => {
      const one = of[below(of.length)];
      if (one === undefined) throw new Error('nothing to pick from');
      return one;
    },
  };
}

/** What is to happen later, earliest first. */
export class Agenda {
  #now = 0;
  #order = 0;
  readonly #events: { at: number; order: number; run: () => void; gone: boolean }[] = [];

  get now(): number {
    return this.#now;
  }

  /** Gives what takes it off the list. */
  after(ms: number, run: () => void): () => void {
    const event = { at: this.#now + ms, order: this.#order++, run, gone: false };
    let i = this.#events.length;
    while (i > 0 && later(this.#events[i - 1], event)) i--;
    this.#events.splice(i, 0, event);
    return () => {
      event.gone = true;
    };
  }

  runUntil(end: number): void {
    for (let event = this.#events[0]; event && event.at <= end; event = this.#events[0]) {
      this.#events.shift();
      this.#now = event.at;
      if (!event.gone) event.run();
    }
    this.#now = end;
  }
}

function later(a: { at: number; order: number } | undefined, b: { at: number; order: number }): boolean {
  return a !== undefined && (a.at > b.at || (a.at === b.at && a.order > b.order));
}
