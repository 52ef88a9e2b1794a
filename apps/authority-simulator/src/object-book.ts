import { createHash } from 'node:crypto';
import type { BinaryObject } from '@esinet/handover';
import { objectIdOf } from './document-checks.js';

/** An object that a document announced, and whether its octets are here. */
export interface AnnouncedObject {
  /** What its file is called: the identifier in its URL, or a digest of the URL. */
  readonly id: string;
  readonly url: string;
  readonly transactionId: string;
  readonly announced: BinaryObject;
  readonly state: 'announced' | 'here' | 'bad';
  readonly octets?: number;
  readonly problem?: string;
}

/** What is done about octets that somebody wants to send. */
export type Expectation = 'unknown' | 'here' | 'expected';

/** The objects that documents announced. */
export class ObjectBook {
  readonly #byId = new Map<string, AnnouncedObject>();

  /** Undefined where the URL was announced before: it is never used again (TS 103 707 table 8). */
  announce(announced: BinaryObject, transactionId: string): AnnouncedObject | undefined {
    const id = fileIdOf(announced.url);
    if (this.#byId.has(id)) return undefined;
    const object: AnnouncedObject = { id, url: announced.url, transactionId, announced, state: 'announced' };
    this.#byId.set(id, object);
    return object;
  }

  has(url: string): boolean {
    return this.#byId.has(fileIdOf(url));
  }

  get(id: string): AnnouncedObject | undefined {
    return this.#byId.get(id);
  }

  all(): AnnouncedObject[] {
    return [...this.#byId.values()];
  }

  /** Objects whose octets are not here yet. */
  missing(): AnnouncedObject[] {
    return this.all().filter(({ state }) => state !== 'here');
  }

  /** Whether octets for this identifier are wanted, before they are sent. TS 103 707 C.3 */
  expectation(id: string): Expectation {
    const object = this.#byId.get(id);
    if (!object) return 'unknown';
    return object.state === 'here' ? 'here' : 'expected';
  }

  /** Octets came: what is wrong with them, or undefined where they are the ones that were announced. */
  came(id: string, octets: Uint8Array, contentType: string | undefined): string | undefined {
    const object = this.#byId.get(id);
    if (!object) return 'nobody announced it';
    const problem = octetsProblem(object.announced, octets, contentType);
    this.#byId.set(id, {
      ...{ id, url: object.url, transactionId: object.transactionId, announced: object.announced },
      ...{ state: problem === undefined ? 'here' : 'bad', octets: octets.length },
      ...(problem !== undefined && { problem }),
    });
    return problem;
  }
}

/** TS 103 707 table 8: length, type and checksum are those of what is transferred. */
export function octetsProblem(
  { contentLength, contentType, checksum }: BinaryObject,
  octets: Uint8Array,
  type: string | undefined,
): string | undefined {
  if (contentLength !== undefined && contentLength !== octets.length) {
    return `${octets.length} octets, announced were ${contentLength}`;
  }
  if (checksum !== undefined && createHash('sha256').update(octets).digest('hex') !== checksum) {
    return 'its checksum is another';
  }
  if (contentType !== undefined && essence(type) !== essence(contentType)) return 'its type is another';
  return undefined;
}

function essence(type: string | undefined): string {
  return (type ?? '').replace(/;.*$/s, '').trim().toLowerCase();
}

function fileIdOf(url: string): string {
  return objectIdOf(url) ?? createHash('sha256').update(url).digest('hex');
}
