import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type PackPlan, type PackedFiles, packFiles } from './pack-files.js';

/** The built program of the worker: beside this file, or where this file would be built to when it runs from source. */
const WORKER = ['./boundary-worker.js', '../dist/boundary-worker.js']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path));

/**
 * Packs files in a thread of their own, so that nobody who asks meanwhile waits. Where the program was not built there is
 * no such thread, and it is done here.
 *
 * @throws Error when the thread ends without a set, by running out of memory for one
 */
export async function packAside(plan: PackPlan): Promise<PackedFiles> {
  if (WORKER === undefined) return packFiles(plan);
  // Without the conditions of this process: they may lead to sources, which a bare thread cannot read.
  const worker = new Worker(WORKER, { workerData: plan, execArgv: [] });
  try {
    return await new Promise<PackedFiles>((resolve, reject) => {
      worker.once('message', ({ packed, failed }: { packed?: PackedFiles; failed?: string }) => {
        if (packed) resolve(packed);
        else reject(new Error(failed ?? 'no set'));
      });
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread that packs boundaries ended with ${code}`)));
    });
  } finally {
    await worker.terminate();
  }
}
