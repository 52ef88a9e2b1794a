import { join } from 'node:path';
import { messageOf } from '@esinet/kernel';
import type { Bus } from './bus.js';
import type { BusConfig, NatsConfig } from './bus-config.js';
import type { AdapterPorts } from '../cluster/open-adapters.js';
import type { OutboxSpool } from './outbox.js';

/** The bus that was configured, or undefined where each process makes its own. @throws with a sentence for the operator */
export async function openBus(config: BusConfig, o: AdapterPorts): Promise<Bus | undefined> {
  switch (config.kind) {
    case 'process':
      return undefined;
    case 'nats': {
      // The library is read where it is used.
      const { NatsBus } = await import('./nats-bus.js');
      return NatsBus.open(config, o, await spoolOf(config, o));
    }
  }
}

/** Without a folder, or where it cannot be used, events wait in memory. */
async function spoolOf(
  { durable }: NatsConfig,
  { folder, logger }: AdapterPorts,
): Promise<OutboxSpool | undefined> {
  if (folder === undefined || durable.length === 0) return undefined;
  const { openLevelSpool } = await import('./level-spool.js');
  try {
    return await openLevelSpool(join(folder, 'bus-spool'));
  } catch (error) {
    logger.error('events wait in memory only', { reason: messageOf(error) });
    return undefined;
  }
}
