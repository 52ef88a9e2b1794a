import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import type { XmlLimits } from '@esinet/xml';
import type { IncomingMessage } from '../incoming-message.js';
import type { LocationLook } from '../location-look.js';
import type { MessageRecord, RecordedLocation } from '../message-record.js';
import { type DataBlock, blockType, isReadableBlock, readBlock } from '../reading/additional-data.js';
import { readAlert } from '../reading/alert.js';
import type { DataReference } from '../reading/message-data.js';
import type { DataFetch } from './data-fetch.js';

/** Locations fetched for one message, and blocks of additional data. */
export const maxLocationLooks = 4;
export const maxDataLooks = 8;
/** References remembered of one chat, so that none is fetched anew for each message. */
const maxRemembered = 32;

/** What was found behind the references of a message. */
export interface Findings {
  readonly locations: readonly RecordedLocation[];
  readonly data: readonly DataBlock[];
}

/** The references of one message that are worth a look now. */
export interface Wanted {
  readonly locations: readonly string[];
  readonly data: readonly DataReference[];
}

export interface LookupsOptions {
  readonly look: LocationLook | undefined;
  readonly fetch: DataFetch | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Shortest time between two looks at one reference in one chat. Milliseconds. */
  readonly intervalMs: number;
  readonly xml?: Partial<XmlLimits>;
}

/**
 * Locations and additional data by reference: fetched after a message was answered, never before it, and each reference
 * of a chat not more often than every so often.
 */
export class Lookups {
  /** Monotonic time of the last look, by what asks (a chat) and URI. */
  readonly #looked = new WeakMap<object, Map<string, number>>();

  constructor(private readonly o: LookupsOptions) {}

  /** Undefined if there is nothing to fetch. */
  wanted(asker: object, m: Pick<IncomingMessage, 'location' | 'dataReferences'>): Wanted | undefined {
    const locations = this.o.look
      ? m.location.references.filter((uri) => this.#due(asker, uri)).slice(0, maxLocationLooks)
      : [];
    const data = this.o.fetch
      ? m.dataReferences.filter(({ uri }) => this.#due(asker, uri)).slice(0, maxDataLooks)
      : [];
    return locations.length + data.length === 0 ? undefined : { locations, data };
  }

  /** Fetches them all at once. Never rejects; what was not found is missing, of additional data with the reason. */
  async find(asker: object, { locations, data }: Wanted): Promise<Findings> {
    for (const uri of [...locations, ...data.map((reference) => reference.uri)]) this.#note(asker, uri);
    const [found, blocks] = await Promise.all([
      Promise.all(locations.map((uri) => this.#location(uri))),
      Promise.all(data.map((reference) => this.#block(reference))),
    ]);
    return { locations: found.filter((location) => location !== undefined), data: blocks };
  }

  async #location(uri: string): Promise<RecordedLocation | undefined> {
    try {
      return (await this.o.look?.(uri))?.location;
    } catch (error) {
      this.o.logger.warn('location not fetched', { reason: messageOf(error) });
      return undefined;
    }
  }

  async #block({ type, uri }: DataReference): Promise<DataBlock> {
    const from = { source: 'reference', uri } as const;
    const fetched = await this.o.fetch?.(uri);
    if (fetched?.ok !== true) {
      const problem = fetched?.error ?? 'not-allowed';
      this.o.logger.warn('additional data not fetched', { reason: problem });
      return { type, ...from, fields: [], problem: `not fetched: ${problem}` };
    }
    const { contentType, body } = fetched.value;
    const document = body.toString('base64');
    // RFC 7852 6: what a server gives need not be what the purpose announced; its own word is nearer to the truth.
    const given = blockType(contentType.split(';')[0]?.trim() ?? '') ?? type;
    if (given === 'cap') return { ...readAlert(body, from, this.o.xml).block, document };
    if (isReadableBlock(given)) return { ...readBlock(given, body, from, this.o.xml), document };
    return { type: given, ...from, fields: [], document };
  }

  #due(asker: object, uri: string): boolean {
    const last = this.#looked.get(asker)?.get(uri);
    return last === undefined || this.o.clock.now() - last >= this.o.intervalMs;
  }

  #note(asker: object, uri: string): void {
    const looked = this.#looked.get(asker) ?? new Map<string, number>();
    looked.delete(uri);
    const [oldest] = looked.keys();
    if (looked.size >= maxRemembered && oldest !== undefined) looked.delete(oldest);
    looked.set(uri, this.o.clock.now());
    this.#looked.set(asker, looked);
  }
}

/** A record with what was found for it. */
export function withFindings<R extends Pick<MessageRecord, 'locations' | 'data'>>(
  record: R,
  found: Findings,
): R {
  return {
    ...record,
    ...(found.locations.length > 0 && { locations: [...(record.locations ?? []), ...found.locations] }),
    ...(found.data.length > 0 && { data: [...(record.data ?? []), ...found.data] }),
  };
}
