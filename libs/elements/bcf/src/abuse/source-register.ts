import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '@esinet/kernel';
import { PerOwner } from './per-owner.js';
import type { SourceKey } from './source-key.js';

interface Registered {
  readonly key: SourceKey;
  /** Monotonic ms. */
  until: number;
  /** When the other borders were last told. */
  told: number;
}

/** 128 bits in hexadecimal: letters and digits only, as the identifier's form demands. */
const idLength = 32;

/** The other borders are told of a source again when this part of its time is over. */
const renewAfter = 0.25;

/** The part of the register that one origin may fill. */
const shareOfOne = 0.05;

/**
 * Where calls came from, by the identifier that travels with them (`purpose=emergency-source`). One call has one
 * identifier, however often its first message comes, and nobody can guess that of another.
 */
export class SourceRegister {
  readonly #registered = new Map<string, Registered>();
  readonly #perOrigin: PerOwner;
  readonly #secret: string;

  constructor(
    private readonly o: {
      readonly clock: Clock;
      /** Domain of this border. */
      readonly domain: string;
      readonly rememberMs: number;
      readonly max: number;
      /** With the same one all borders give a call the same identifier. Made up if not given. */
      readonly secret?: string;
      /** A source that a report may be about, to be known to the other borders. */
      readonly tell?: (id: string, key: SourceKey) => void;
      /** It is not remembered any more. */
      readonly forgotten?: (id: string) => void;
    },
  ) {
    this.#secret = o.secret ?? randomBytes(16).toString('hex');
    this.#perOrigin = new PerOwner(Math.max(1, Math.floor(o.max * shareOfOne)));
  }

  get size(): number {
    return this.#registered.size;
  }

  /** The identifier of the source of a call, remembered from now on. */
  register(key: SourceKey, callId: string): string {
    const digest = hash('sha256', `${this.#secret}\n${key.identity}\n${callId}`, 'hex');
    const id = `${digest.slice(0, idLength)}@${this.o.domain}`;
    const now = this.o.clock.now();
    const until = now + this.o.rememberMs;
    const known = this.#registered.get(id);
    if (known) {
      known.until = until;
      if (now - known.told > this.o.rememberMs * renewAfter) {
        known.told = now;
        this.o.tell?.(id, key);
      }
      return id;
    }
    if (this.#registered.size >= this.o.max) this.#forgetOldest();
    this.#registered.set(id, { key, until, told: now });
    this.o.tell?.(id, key);
    const forgotten = this.#perOrigin.add(key.origin, id);
    if (forgotten !== undefined) {
      this.#registered.delete(forgotten);
      this.o.forgotten?.(forgotten);
    }
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
    this.o.forgotten?.(id);
  }
}
