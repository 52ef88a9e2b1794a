import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '@esinet/kernel';
import { type PackPlan, packFiles } from './pack-files.js';
import { transferablesOf } from './packed-set.js';

/** Boundaries whose attributes are handed over at once: they are copied, and nobody else gets a turn meanwhile. */
const ATTRIBUTES_AT_ONCE = 250;
const PAUSE_MS = 3;

/** The other side of `packAside`: one plan in, one packed set out, and the thread ends. */
try {
  const { sets, ...rest } = packFiles(workerData as PackPlan);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  sets.forEach(({ boundaries }, set) => {
    for (let from = 0; from < boundaries.length; from += ATTRIBUTES_AT_ONCE) {
      parentPort?.postMessage({ set, attributes: boundaries.slice(from, from + ATTRIBUTES_AT_ONCE) });
      Atomics.wait(pause, 0, 0, PAUSE_MS);
    }
  });
  const bare = sets.map((set) => ({ ...set, boundaries: [] }));
  parentPort?.postMessage({ packed: { ...rest, sets: bare } }, transferablesOf(sets));
} catch (error) {
  parentPort?.postMessage({ failed: messageOf(error) });
}
