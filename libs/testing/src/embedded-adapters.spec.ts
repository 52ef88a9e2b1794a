import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@esinet/kernel';
import { InProcessBus, LevelRecords, MemoryRecords, MemoryStore } from '@esinet/platform';
import { busContract } from './bus-contract.js';
import { recordsContract } from './records-contract.js';
import { storeContract } from './store-contract.js';

busContract('the in-process bus', () => {
  const bus = new InProcessBus();
  return Promise.resolve({ bus, other: bus, close: () => bus.close() });
});

storeContract('the memory store', () => {
  const clock = new ManualClock();
  return Promise.resolve({
    store: new MemoryStore({ clock }),
    wait: (ms) => Promise.resolve(clock.advance(ms)),
    close: () => Promise.resolve(),
  });
});

recordsContract('LevelDB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'records-'));
  return Promise.resolve({
    open: () => LevelRecords.open(folder),
    dispose: () => Promise.resolve(rmSync(folder, { recursive: true })),
  });
});

recordsContract(
  'the memory',
  () =>
    Promise.resolve({ open: () => Promise.resolve(new MemoryRecords()), dispose: () => Promise.resolve() }),
  { durable: false },
);
