import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '@esinet/kernel';
import { type PackPlan, packFiles } from './pack-files.js';
import { transferablesOf } from './packed-set.js';

/** The other side of `packAside`: one plan in, one packed set out, and the thread ends. */
try {
  const packed = packFiles(workerData as PackPlan);
  parentPort?.postMessage({ packed }, transferablesOf(packed.sets));
} catch (error) {
  parentPort?.postMessage({ failed: messageOf(error) });
}
