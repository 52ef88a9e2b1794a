import type { LocationResponse, ReferenceWishes } from '@esinet/held';
import { type Clock, isoTime } from '@esinet/kernel';
import type { LisConfig } from './lis-config.js';
import type { LocationReferences } from './location-references.js';
import type { Place } from './place.js';
import { snapshotOf } from './resolve-reference.js';

export type LocationUriSet = Pick<LocationResponse, 'locationUris' | 'expires' | 'policyUri'>;

export interface LocationUriOptions {
  readonly entity: string;
  readonly wishes: ReferenceWishes;
  /** A policy URI was asked for. */
  readonly policy: boolean;
  /** RFC 7199 3.2: who only asks about somebody never gets a policy URI. */
  readonly thirdParty: boolean;
}

/** Sets of location URIs (RFC 5985 6.5): how long they last, how often they work, what goes with them. */
export class LocationUris {
  /** What they start with, without a slash at the end. */
  baseUrl: string;
  /** Makers of URIs of other schemes for the same token. */
  readonly others: ((token: string) => readonly string[])[] = [];

  constructor(
    private readonly config: LisConfig,
    private readonly references: LocationReferences,
    private readonly clock: Pick<Clock, 'wall'>,
  ) {
    const { publicUrl, http } = config;
    this.baseUrl = publicUrl?.replace(/\/$/, '') ?? `http://${http.host}:${http.port}`;
  }

  /** @throws StoreError, or Error where the device has as many as it may have */
  async make(device: string, places: readonly Place[], o: LocationUriOptions): Promise<LocationUriSet> {
    const uses = this.#uses(o.wishes);
    const made = await this.references.create(
      {
        device,
        entity: o.entity,
        ...(uses === undefined ? {} : { uses }),
        ...((o.wishes.snapshot ?? this.config.uriSnapshot)
          ? { snapshot: snapshotOf(places, this.clock.wall()) }
          : {}),
      },
      { ttlMs: this.#ttlMs(o.wishes), policy: this.#hasPolicy(o) },
    );
    if (!made) throw new Error('the device has as many location URIs as lis.urisPerDevice');
    const others = this.others.flatMap((make) => make(made.token));
    return {
      locationUris: [`${this.baseUrl}/loc/${made.token}`, ...others],
      expires: isoTime(made.expires),
      ...(made.policy === undefined ? {} : { policyUri: `${this.baseUrl}/policy/${made.policy}` }),
    };
  }

  /** Within the limits, whatever was asked for. */
  #ttlMs({ expires }: ReferenceWishes): number {
    const { uriExpires, uriExpiresMin, uriExpiresMax } = this.config;
    return expires === undefined ? uriExpires : Math.min(uriExpiresMax, Math.max(uriExpiresMin, expires));
  }

  #uses({ uses }: ReferenceWishes): number | undefined {
    const most = Math.min(uses ?? Infinity, this.config.uriUses || Infinity);
    return Number.isFinite(most) ? most : undefined;
  }

  #hasPolicy({ policy, thirdParty }: LocationUriOptions): boolean {
    const { policyUris } = this.config;
    return !thirdParty && (policyUris === 'always' || (policyUris === 'asked' && policy));
  }
}
