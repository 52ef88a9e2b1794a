import type { Store } from './store.js';
import type { StoreConfig } from './store-config.js';
import type { AdapterPorts } from '../cluster/open-adapters.js';

/** The store that was configured, or undefined where each process makes its own. @throws with a sentence for the operator */
export async function openStore(
  config: StoreConfig,
  _o: AdapterPorts,
): Promise<{ readonly store: Store; readonly close: () => Promise<void> } | undefined> {
  switch (config.kind) {
    case 'memory':
      return undefined;
  }
}
