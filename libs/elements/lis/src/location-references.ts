import type { PolicyRule } from '@esinet/held';
import type { Clock, IdSource } from '@esinet/kernel';
import type { Store } from '@esinet/platform';
import type { Place } from './place.js';

/** 26 of 36 letters: 134 bits (RFC 5808 C8, RFC 7199 7.2: hard to guess). */
const TOKEN_LENGTH = 26;
/** What provisioners know a location URI by: it opens nothing. */
const ID_LENGTH = 12;
const LOCATION = 'lis.location.';
const USES = 'lis.uses.';
const POLICY = 'lis.policy.';
const POLICY_TEXT = 'lis.policy-text.';
/** References looked at on each new one for being lapsed: twice as fast as they can come. */
const SWEPT = 2;

/** What stands behind a location URI. */
export interface Reference {
  readonly id: string;
  /** Id of the device. */
  readonly device: string;
  /** Wall milliseconds. */
  readonly made: number;
  /** The pseudonym under which this reference shows it. */
  readonly entity: string;
  /** Wall milliseconds. */
  readonly expires: number;
  /** Dereferences it is good for. */
  readonly uses?: number;
  /** Where the device was, for a reference that does not follow it. */
  readonly snapshot?: readonly Place[];
  /** Token of its policy URI. */
  readonly policy?: string;
  /** What was put there; null: deleted, so that nobody gets anything (RFC 7199 3.1). */
  readonly rules?: readonly PolicyRule[] | null;
}

/** A location URI as provisioners see it, without what opens it. */
export interface ListedReference {
  readonly id: string;
  readonly expires: number;
  readonly uses?: number;
  readonly snapshot: boolean;
}

interface Listed extends ListedReference {
  readonly token: string;
  readonly device: string;
  readonly policy?: string;
}

export type ReferenceListener = () => void;

/**
 * Location URIs by their token, in the shared store until they lapse, so that every replica knows them. Those of a
 * device are listed by the process that made them.
 */
export class LocationReferences {
  readonly #byToken = new Map<string, Listed>();
  readonly #byDevice = new Map<string, Set<Listed>>();
  readonly #listeners = new Map<string, Set<ReferenceListener>>();
  #sweep: Iterator<Listed> | undefined;

  constructor(
    private readonly store: Store,
    private readonly ids: IdSource,
    private readonly clock: Pick<Clock, 'wall'>,
    private readonly perDevice: number,
  ) {}

  /** Its token; undefined: the device has as many as there may be. */
  async create(
    reference: Omit<Reference, 'id' | 'policy' | 'expires' | 'made' | 'rules'>,
    o: { readonly ttlMs: number; readonly policy: boolean },
  ): Promise<{ token: string; policy?: string; expires: number } | undefined> {
    this.#sweepSome();
    const listed = this.#byDevice.get(reference.device) ?? new Set<Listed>();
    if (listed.size >= this.perDevice) this.#dropLapsed(listed);
    if (listed.size >= this.perDevice) return undefined;
    const token = this.ids.token(TOKEN_LENGTH);
    const policy = o.policy ? this.ids.token(TOKEN_LENGTH) : undefined;
    const made = this.clock.wall();
    const expires = made + o.ttlMs;
    const whole: Reference = {
      ...reference,
      id: this.ids.token(ID_LENGTH),
      made,
      expires,
      ...(policy === undefined ? {} : { policy }),
    };
    const text = JSON.stringify(whole);
    await this.store.set(LOCATION + token, text, { ttlMs: o.ttlMs });
    if (policy !== undefined) await this.store.set(POLICY + policy, token, { ttlMs: o.ttlMs });
    this.#list(token, whole, listed);
    return { token, expires, ...(policy === undefined ? {} : { policy }) };
  }

  async find(token: string): Promise<Reference | undefined> {
    if (!isToken(token)) return undefined;
    const text = await this.store.get(LOCATION + token);
    return text === undefined ? undefined : (JSON.parse(text) as Reference);
  }

  /** Counts a dereference of one that is good for so many. False: it is used up. */
  async use(token: string, reference: Reference): Promise<boolean> {
    if (reference.uses === undefined) return true;
    const ttlMs = reference.expires - this.clock.wall();
    if (ttlMs <= 0) return false;
    const count = await this.store.increment(USES + token, 1, { ttlMs });
    return count <= reference.uses;
  }

  /** Whether a use is left, without taking it. */
  async isUsable(token: string, reference: Reference): Promise<boolean> {
    if (reference.uses === undefined) return true;
    return Number((await this.store.get(USES + token)) ?? 0) < reference.uses;
  }

  /** The reference that a policy URI is about. */
  async findByPolicy(policy: string): Promise<{ token: string; reference: Reference } | undefined> {
    if (!isToken(policy)) return undefined;
    const token = await this.store.get(POLICY + policy);
    const reference = token === undefined ? undefined : await this.find(token);
    return token !== undefined && reference ? { token, reference } : undefined;
  }

  /** The policy as it was put; undefined: none was. */
  policyText(policy: string): Promise<string | undefined> {
    return this.store.get(POLICY_TEXT + policy);
  }

  /** Puts a policy in force, or with null takes it away. False: the reference lapsed meanwhile. */
  async setPolicy(
    token: string,
    policy: { readonly rules: readonly PolicyRule[]; readonly text: string } | null,
  ): Promise<boolean> {
    for (let tries = 0; tries < 5; tries += 1) {
      const before = await this.store.get(LOCATION + token);
      if (before === undefined) return false;
      const reference = JSON.parse(before) as Reference;
      const ttlMs = reference.expires - this.clock.wall();
      if (ttlMs <= 0 || reference.policy === undefined) return false;
      const after = JSON.stringify({ ...reference, rules: policy?.rules ?? null });
      if (!(await this.store.compareAndSet(LOCATION + token, before, after, { ttlMs }))) continue;
      if (policy) await this.store.set(POLICY_TEXT + reference.policy, policy.text, { ttlMs });
      else await this.store.delete(POLICY_TEXT + reference.policy);
      this.#tell(token);
      return true;
    }
    return false;
  }

  /** Those of a device that this process made, oldest first. */
  ofDevice(device: string): ListedReference[] {
    const now = this.clock.wall();
    return [...(this.#byDevice.get(device) ?? [])]
      .filter(({ expires }) => expires > now)
      .map(({ id, expires, uses, snapshot }) => ({
        id,
        expires,
        ...(uses === undefined ? {} : { uses }),
        snapshot,
      }));
  }

  /** Makes one void by what it is listed as. False: there is none. */
  async revoke(device: string, id: string): Promise<boolean> {
    const listed = [...(this.#byDevice.get(device) ?? [])].find((each) => each.id === id);
    if (!listed || listed.expires <= this.clock.wall()) return false;
    await this.#drop(listed);
    return true;
  }

  /** Makes all of a device void that this process made. The number of them. */
  async revokeAll(device: string): Promise<number> {
    const all = [...(this.#byDevice.get(device) ?? [])];
    for (const listed of all) await this.#drop(listed);
    return all.length;
  }

  /** Calls `listener` when the reference is revoked or gets another policy by this process. */
  watch(token: string, listener: ReferenceListener): () => void {
    const listeners = this.#listeners.get(token) ?? new Set();
    this.#listeners.set(token, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(token) === listeners) this.#listeners.delete(token);
    };
  }

  async #drop(listed: Listed): Promise<void> {
    this.#unlist(listed);
    await this.store.delete(LOCATION + listed.token);
    if (listed.policy !== undefined) {
      await this.store.delete(POLICY + listed.policy);
      await this.store.delete(POLICY_TEXT + listed.policy);
    }
    this.#tell(listed.token);
  }

  #list(token: string, reference: Reference, ofDevice: Set<Listed>): void {
    const { id, device, expires, uses, policy } = reference;
    const listed: Listed = {
      id,
      token,
      device,
      expires,
      snapshot: reference.snapshot !== undefined,
      ...(uses === undefined ? {} : { uses }),
      ...(policy === undefined ? {} : { policy }),
    };
    this.#byToken.set(token, listed);
    this.#byDevice.set(device, ofDevice.add(listed));
  }

  #unlist(listed: Listed): void {
    this.#byToken.delete(listed.token);
    const ofDevice = this.#byDevice.get(listed.device);
    ofDevice?.delete(listed);
    if (ofDevice?.size === 0) this.#byDevice.delete(listed.device);
  }

  #dropLapsed(listed: Iterable<Listed>): void {
    const now = this.clock.wall();
    for (const each of [...listed]) if (each.expires <= now) this.#unlist(each);
  }

  #sweepSome(): void {
    for (let i = 0; i < SWEPT; i += 1) {
      this.#sweep ??= this.#byToken.values();
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = undefined;
        return;
      }
      this.#dropLapsed([next.value]);
    }
  }

  #tell(token: string): void {
    for (const listener of [...(this.#listeners.get(token) ?? [])]) listener();
  }
}

function isToken(text: string): boolean {
  return /^[a-z0-9]{16,64}$/.test(text);
}
