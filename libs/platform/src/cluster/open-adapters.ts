import type { Clock, Logger } from '@esinet/kernel';
import type { Bus } from '../bus/bus.js';
import type { BusConfig } from '../bus/bus-config.js';
import { openBus } from '../bus/open-bus.js';
import type { Limits } from '../config/limits.js';
import type { TlsOptions } from '../pki/tls-options.js';
import { openRecords } from '../records/open-records.js';
import type { Records } from '../records/records.js';
import type { RecordsConfig } from '../records/records-config.js';
import { openStore } from '../store/open-store.js';
import type { Store } from '../store/store.js';
import type { StoreConfig } from '../store/store-config.js';
import type { Metrics } from '../telemetry/metrics.js';

/** What an adapter that speaks to a server is made with. */
export interface AdapterPorts {
  /** Name of this process, of its own among all that share the servers: `psap-1`. */
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits: Limits;
  /** Folder of this process alone, for spools; undefined where it has none. */
  readonly folder: string | undefined;
  /** The element's certificate, for servers that ask for one. */
  readonly tls: TlsOptions | undefined;
}

export interface Adapters {
  readonly bus: Bus | undefined;
  readonly store: Store | undefined;
  readonly records: Records | undefined;
  close(): Promise<void>;
}

/**
 * Opens what the configuration names in place of the embedded parts; undefined is what is embedded.
 *
 * @throws with a sentence for the operator; what had been opened is closed
 */
export async function openAdapters(
  config: { readonly bus: BusConfig; readonly store: StoreConfig; readonly records: RecordsConfig },
  o: AdapterPorts,
): Promise<Adapters> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.allSettled(
      closing
        .splice(0)
        .reverse()
        .map((each) => each()),
    );
  };
  try {
    const records = await openRecords(config.records, o);
    if (records) closing.push(() => records.close());
    const opened = await openStore(config.store, o);
    if (opened) closing.push(() => opened.close());
    const bus = await openBus(config.bus, o);
    if (bus) closing.push(() => bus.close());
    return { bus, store: opened?.store, records, close };
  } catch (error) {
    await close();
    throw error;
  }
}
