import type { Records } from './records.js';
import type { RecordsConfig } from './records-config.js';
import type { AdapterPorts } from '../cluster/open-adapters.js';

/** The records that were configured, or undefined where each process opens its own files. @throws with a sentence for the operator */
export async function openRecords(config: RecordsConfig, _o: AdapterPorts): Promise<Records | undefined> {
  switch (config.kind) {
    case 'files':
      return undefined;
  }
}
