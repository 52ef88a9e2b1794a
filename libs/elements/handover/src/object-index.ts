import { type Clock, isoTime } from '@esinet/kernel';
import type { RecordWrite, Records } from '@esinet/platform';
import type { OfferedObject } from './delivery/object-access.js';

const objects = 'handover-objects';
const expiries = 'handover-objects-by-expiry';
const page = 1_000;

/**
 * Objects that can be fetched from us (Model A), so that an URL is found, and told from one that never was, without a look
 * into any case. An id that was given once stays taken: TS 103 707 table 8 lets none be used again.
 */
export class ObjectIndex {
  /** Expiries up to this key were seen to. */
  #seen: string | undefined;

  constructor(
    private readonly records: Records,
    private readonly clock: Clock,
  ) {}

  /** To be stored together with the case that offers it. */
  offering(id: string, object: OfferedObject): RecordWrite[] {
    return [
      { kind: 'put', collection: objects, key: id, value: object },
      { kind: 'put', collection: expiries, key: `${object.expiry}/${id}`, value: object.case },
    ];
  }

  /** Undefined where there was never one, and where there is none any more. */
  async find(id: string): Promise<OfferedObject | undefined> {
    if (id.length > 64) return undefined;
    const found = (await this.records.get(objects, id)) as
      OfferedObject | { readonly gone: true } | undefined;
    return found && !('gone' in found) ? found : undefined;
  }

  /** Objects whose time is over and that were not yet seen to. */
  async expired(): Promise<{ readonly id: string; readonly case: string }[]> {
    const now = isoTime(this.clock.wall());
    const found: { id: string; case: string }[] = [];
    for (let after = this.#seen; ;) {
      const keys = await this.records.list(expiries, { limit: page, ...(after !== undefined && { after }) });
      for (const { key, value } of keys) {
        const [expiry = '', id = ''] = key.split('/');
        if (expiry > now) return found;
        if (await this.find(id)) found.push({ id, case: String(value) });
        else this.#seen = key;
      }
      after = keys.at(-1)?.key;
      if (keys.length < page) return found;
    }
  }

  /** What stays of it is that it was. */
  gone(ids: readonly string[]): RecordWrite[] {
    return ids.map((id) => ({ kind: 'put', collection: objects, key: id, value: { gone: true } }));
  }
}
