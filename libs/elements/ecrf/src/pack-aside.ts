import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type PackPlan, type PackedFiles, packFiles } from './pack-files.js';
import type { SetBoundary } from './packed-set.js';

/** What the thread says: the attributes of boundaries in slices, then all the rest, or why there is none. */
type Told =
  | { readonly set: number; readonly attributes: readonly SetBoundary[] }
  | { readonly packed: PackedFiles }
  | { readonly failed: string };

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
      const attributes = new Map<number, SetBoundary[]>();
      worker.on('message', (told: Told) => {
        if ('attributes' in told) {
          const known = attributes.get(told.set) ?? [];
          known.push(...told.attributes);
          attributes.set(told.set, known);
        } else if ('packed' in told) {
          const sets = told.packed.sets.map((set, n) => ({ ...set, boundaries: attributes.get(n) ?? [] }));
          resolve({ ...told.packed, sets });
        } else reject(new Error(told.failed));
      });
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread that packs boundaries ended with ${code}`)));
    });
  } finally {
    await worker.terminate();
  }
}
