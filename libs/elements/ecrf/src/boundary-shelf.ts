import { createHash } from 'node:crypto';
import type { ServiceListBoundary } from '@esinet/lost';

/** Boundaries that were given by reference to this server, until newer ones take their place. */
export class BoundaryShelf {
  readonly #byKey = new Map<string, ServiceListBoundary>();
  #positions = 0;

  constructor(private readonly limits: { readonly entries: number; readonly positions: number }) {}

  /**
   * The key under which the boundary can be fetched here (RFC 5222 section 5.6, RFC 6197 section 3.2). A digest of what
   * it names: the same boundary gets the same key, so that a client keeps what it has. Undefined: too large.
   */
  put(source: string, boundary: ServiceListBoundary): string | undefined {
    const key = createHash('sha256')
      .update(JSON.stringify([source, boundary]))
      .digest('hex')
      .slice(0, 32);
    const positions = positionsOf(boundary);
    if (positions > this.limits.positions) return undefined;
    if (this.#byKey.delete(key)) this.#positions -= positions;
    this.#byKey.set(key, boundary);
    this.#positions += positions;
    for (const [oldest, kept] of this.#byKey) {
      if (this.#byKey.size <= this.limits.entries && this.#positions <= this.limits.positions) break;
      this.#byKey.delete(oldest);
      this.#positions -= positionsOf(kept);
    }
    return this.#byKey.has(key) ? key : undefined;
  }

  get(key: string): ServiceListBoundary | undefined {
    return this.#byKey.get(key);
  }
}

function positionsOf({ shapes, civics = [] }: ServiceListBoundary): number {
  return shapes.reduce(
    (sum, shape) => sum + (shape.type === 'polygon' ? shape.rings.flat().length : 1),
    civics.length,
  );
}
