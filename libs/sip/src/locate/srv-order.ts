import type { SrvRecord } from './dns.js';

/**
 * The records in the order they are to be tried: by priority, and among equals drawn by weight. RFC 2782.
 *
 * @param random gives numbers in [0, 1)
 */
export function srvOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const ordered: SrvRecord[] = [];
  const byPriority = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  while (byPriority.length > 0) {
    const priority = byPriority[0]!.priority;
    const end = byPriority.findIndex((record) => record.priority !== priority);
    const group = byPriority.splice(0, end < 0 ? byPriority.length : end);
    while (group.length > 0) {
      const total = group.reduce((sum, record) => sum + record.weight, 0);
      const drawn = Math.floor(random() * (total + 1));
      let sum = 0;
      const index = group.findIndex((record) => (sum += record.weight) >= drawn);
      ordered.push(...group.splice(Math.max(0, index), 1));
    }
  }
  return ordered;
}
