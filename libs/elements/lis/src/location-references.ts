import type { IdSource } from '@esinet/kernel';
import type { Store } from '@esinet/platform';

/** 26 of 36 letters: 134 bits (RFC 5808 C8, hard to guess). */
const TOKEN_LENGTH = 26;
const PREFIX = 'lis.location.';

interface Reference {
  /** Id of the device. */
  readonly device: string;
  /** The pseudonym under which this reference shows it. */
  readonly entity: string;
}

/** Location URIs by their token, in the shared store until they lapse, so that every replica knows them. */
export class LocationReferences {
  constructor(
    private readonly store: Store,
    private readonly ids: IdSource,
  ) {}

  /** The token. */
  async create(reference: Reference, ttlMs: number): Promise<string> {
    const token = this.ids.token(TOKEN_LENGTH);
    await this.store.set(PREFIX + token, JSON.stringify(reference), { ttlMs });
    return token;
  }

  async find(token: string): Promise<Reference | undefined> {
    if (!/^[a-z0-9]{16,64}$/.test(token)) return undefined;
    const text = await this.store.get(PREFIX + token);
    return text === undefined ? undefined : (JSON.parse(text) as Reference);
  }
}
