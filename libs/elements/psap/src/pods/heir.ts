import { createHash } from 'node:crypto';

/** Which of these processes takes a call that has lost its own: the same for all who ask, and even over many calls. */
export function heirOf(key: string, instances: readonly string[]): string | undefined {
  let best: string | undefined;
  let most = '';
  for (const instance of instances) {
    const weight = createHash('sha256').update(`${key}\n${instance}`).digest('hex');
    if (best !== undefined && weight <= most) continue;
    best = instance;
    most = weight;
  }
  return best;
}
