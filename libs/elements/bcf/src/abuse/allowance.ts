import type { AbuseConfig } from './config.js';
import type { SourceKey } from './source-key.js';
import { type BucketSize, BucketTable, type TokenBucket } from './token-bucket.js';

/** Which bucket was empty. */
export type Exhausted = 'address' | 'peer' | 'identity';

/**
 * What one of `config.instances` borders lets in, if what a source sends is spread over them evenly. The buckets are not
 * shared: each is asked for every request, and none may wait for another machine.
 */
export function allowanceOfOne(
  config: Pick<AbuseConfig, 'instances'> & ConstructorParameters<typeof Allowance>[0],
  peers: ConstructorParameters<typeof Allowance>[1] = [],
): ConstructorParameters<typeof Allowance> {
  const { instances } = config;
  if (instances === 1) return [config, peers];
  const part = <S extends { readonly rate?: number; readonly burst?: number }>(size: S): S => ({
    ...size,
    ...(size.rate !== undefined && { rate: size.rate / instances }),
    ...(size.burst !== undefined && { burst: Math.ceil(size.burst / instances) }),
  });
  const { address, peer, identity } = config;
  return [
    { ...config, address: part(address), peer: part(peer), identity: part(identity) },
    peers.map((each) => ({ ...each, ...(each.limits && { limits: part(each.limits) }) })),
  ];
}

/**
 * How much each source may still ask: its address or peer together, and each of its users. What is new may only use what
 * stands above the reserve, so that the chats of a source that run go on while new ones are too many.
 */
export class Allowance {
  readonly #addresses: BucketTable;
  readonly #peers: BucketTable;
  readonly #identities: BucketTable;
  readonly #peerSizes = new Map<string, BucketSize>();
  readonly #reserve: number;

  constructor(
    config: Pick<AbuseConfig, 'address' | 'peer' | 'identity' | 'reservePercent' | 'remembered'>,
    peers: readonly {
      readonly name: string;
      readonly limits?: { readonly rate?: number; readonly burst?: number };
    }[] = [],
  ) {
    const max = config.remembered;
    this.#addresses = new BucketTable({ size: config.address, max });
    this.#peers = new BucketTable({ size: config.peer, max });
    this.#identities = new BucketTable({ size: config.identity, max });
    this.#reserve = config.reservePercent / 100;
    for (const { name, limits } of peers) this.#peerSizes.set(name, { ...config.peer, ...limits });
  }

  /** Buckets held, of all kinds. */
  get size(): number {
    return this.#addresses.count + this.#peers.count + this.#identities.count;
  }

  /** Takes one from each bucket, or from none: then it says which was empty. */
  take(key: SourceKey, now: number, o: { readonly running: boolean }): Exhausted | undefined {
    const identity = this.#identities.of(key.identity, now);
    if (!this.#has(identity, now, o.running)) return 'identity';
    const origin =
      key.peer === undefined
        ? this.#addresses.of(key.origin, now)
        : this.#peers.of(key.peer, now, this.#peerSizes.get(key.peer));
    if (!this.#has(origin, now, o.running)) return key.peer === undefined ? 'address' : 'peer';
    identity.take();
    origin.take();
    return undefined;
  }

  #has(bucket: TokenBucket, now: number, running: boolean): boolean {
    return bucket.has(now, running ? 0 : bucket.size.burst * this.#reserve);
  }
}
