import type { Bus } from './bus.js';
import type { BusConfig } from './bus-config.js';
import type { AdapterPorts } from '../cluster/open-adapters.js';

/** The bus that was configured, or undefined where each process makes its own. @throws with a sentence for the operator */
export async function openBus(config: BusConfig, _o: AdapterPorts): Promise<Bus | undefined> {
  switch (config.kind) {
    case 'process':
      return undefined;
  }
}
