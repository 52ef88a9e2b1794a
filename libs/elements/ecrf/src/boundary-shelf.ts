import { createHash } from 'node:crypto';
import type { GetServiceBoundaryResponse, Mapping } from '@esinet/lost';

type Boundary = Pick<Mapping, 'serviceBoundary' | 'civicBoundary'>;

/** Boundaries of others that were given by reference to this server, until newer ones take their place. */
export class BoundaryShelf {
  readonly #byKey = new Map<string, Boundary>();
  #positions = 0;

  constructor(private readonly limits: { readonly entries: number; readonly positions: number }) {}

  /**
   * RFC 5222 section 5.6: the key under which the boundary can be fetched here. A digest of what it names: the same
   * boundary gets the same key, so that a client keeps what it has. Undefined: too large.
   */
  put(source: string, boundary: Boundary): string | undefined {
    const content = JSON.stringify([source, boundary.serviceBoundary, boundary.civicBoundary]);
    const key = createHash('sha256').update(content).digest('hex').slice(0, 32);
    const known = this.#byKey.get(key);
    if (known) {
      this.#byKey.delete(key);
      this.#byKey.set(key, known);
      return key;
    }
    const positions = positionsOf(boundary);
    if (positions > this.limits.positions) return undefined;
    this.#byKey.set(key, boundary);
    this.#positions += positions;
    for (const [oldest, kept] of this.#byKey) {
      if (this.#byKey.size <= this.limits.entries && this.#positions <= this.limits.positions) break;
      this.#byKey.delete(oldest);
      this.#positions -= positionsOf(kept);
    }
    return key;
  }

  answer(key: string, source: string): GetServiceBoundaryResponse | undefined {
    const boundary = this.#byKey.get(key);
    if (!boundary) return undefined;
    return {
      type: 'getServiceBoundaryResponse',
      serviceBoundary: boundary.serviceBoundary ?? [],
      ...(boundary.civicBoundary ? { civicBoundary: boundary.civicBoundary } : {}),
      warnings: [],
      path: [source],
    };
  }
}

function positionsOf({ serviceBoundary = [], civicBoundary = [] }: Boundary): number {
  return serviceBoundary.reduce(
    (sum, shape) => sum + (shape.type === 'polygon' ? shape.rings.flat().length : 1),
    civicBoundary.length,
  );
}
