import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '@esinet/kernel';
import { PerOwner } from './per-owner.js';
import type { SourceKey } from './source-key.js';

interface Registered {
  readonly key: SourceKey;
  /** Monotonic ms. */
  until: number;
}

/** 128 bits in hexadecimal: letters and digits only, as the identifier's form demands. */
const idLength = 32;

/** The part of the register that one origin may fill. */
const shareOfOne = 0.05;

/**
 * Where calls came from, by the identifier that travels with them (`purpose=emergency-source`). One call has one
 * identifier, however often its first message comes, and nobody can guess that of another.
 */
export class SourceRegister {
  readonly #registered = new Map<string, Registered>();
  readonly #perOrigin: PerOwner;
  readonly #secret = randomBytes(16).toString('hex');

  constructor(
    private readonly o: {
      readonly clock: Clock;
      /** Domain of this border. */
      readonly domain: string;
      readonly rememberMs: number;
      readonly max: number;
    },
  ) {
    this.#perOrigin = new PerOwner(Math.max(1, Math.floor(o.max * shareOfOne)));
  }

  get size(): number {
    return this.#registered.size;
  }

  /** The identifier of the source of a call, remembered from now on. */
  register(key: SourceKey, callId: string): string {
    const digest = hash('sha256', `${this.#secret}\n${key.identity}\n${callId}`, 'hex');
    const id = `${digest.slice(0, idLength)}@${this.o.domain}`;
    const until = this.o.clock.now() + this.o.rememberMs;
    const known = this.#registered.get(id);
    if (known) {
      known.until = until;
      return id;
    }
    if (this.#registered.size >= this.o.max) this.#forgetOldest();
    this.#registered.set(id, { key, until });
    const forgotten = this.#perOrigin.add(key.origin, id);
    if (forgotten !== undefined) this.#registered.delete(forgotten);
    return id;
  }

  find(id: string): SourceKey | undefined {
    const found = this.#registered.get(id);
    if (!found) return undefined;
    if (found.until > this.o.clock.now()) return found.key;
    this.#forget(id, found);
    return undefined;
  }

  #forgetOldest(): void {
    for (const [id, registered] of this.#registered) return this.#forget(id, registered);
  }

  #forget(id: string, { key }: Registered): void {
    this.#registered.delete(id);
    this.#perOrigin.remove(key.origin, id);
  }
}
