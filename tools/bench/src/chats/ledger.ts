/** What one side said and what the other has of it. */
export interface Account {
  /** In the order they were said; only what the network said was delivered. */
  readonly said: readonly string[];
  /** In the order they were read. */
  readonly read: readonly string[];
}

export interface Balance {
  readonly said: number;
  readonly lost: number;
  readonly doubled: number;
  readonly disordered: number;
  /** Read and never said. */
  readonly strange: number;
}

/** Holds what was read against what was said. Texts of one account are all different. */
export function balance({ said, read }: Account): Balance {
  const place = new Map(said.map((text, index) => [text, index]));
  const seen = new Set<string>();
  let doubled = 0;
  let strange = 0;
  let disordered = 0;
  let last = -1;
  for (const text of read) {
    const index = place.get(text);
    if (index === undefined) {
      strange++;
      continue;
    }
    if (seen.has(text)) {
      doubled++;
      continue;
    }
    seen.add(text);
    if (index < last) disordered++;
    last = Math.max(last, index);
  }
  return { said: said.length, lost: said.length - seen.size, doubled, disordered, strange };
}

export function sum(balances: readonly Balance[]): Balance {
  const total = { said: 0, lost: 0, doubled: 0, disordered: 0, strange: 0 };
  for (const b of balances) {
    total.said += b.said;
    total.lost += b.lost;
    total.doubled += b.doubled;
    total.disordered += b.disordered;
    total.strange += b.strange;
  }
  return total;
}

export function isBalanced(b: Balance): boolean {
  return b.lost + b.doubled + b.disordered + b.strange === 0;
}
