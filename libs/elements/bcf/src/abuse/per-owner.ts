/**
 * Names by who is answerable for them, oldest first: nobody may have more than `most`, so that what one source does
 * cannot push out what is remembered of others.
 */
export class PerOwner {
  readonly #names = new Map<string, Set<string>>();

  constructor(private readonly most: number) {}

  /** Owners there are. */
  get owners(): number {
    return this.#names.size;
  }

  /** Adds a name, or makes it the newest; gives the one that has to go for it. */
  add(owner: string, name: string): string | undefined {
    let names = this.#names.get(owner);
    if (!names) this.#names.set(owner, (names = new Set()));
    names.delete(name);
    names.add(name);
    if (names.size <= this.most) return undefined;
    const [oldest] = names;
    if (oldest !== undefined) names.delete(oldest);
    return oldest;
  }

  remove(owner: string, name: string): void {
    const names = this.#names.get(owner);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(owner);
  }
}
