import { readFileSync } from 'node:fs';
import type { Limits } from '../config/limits.js';

/** Descriptors left for files, records, the bus and what this program opens itself. */
const reserved = 64;

/** Descriptors this process may have; undefined where the system does not say. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/**
 * The limits with no more connections than there are descriptors for. A process that has none left is told nothing: the
 * system closes what comes. Below that it decides itself, and connections that say nothing give way.
 */
export function withinDescriptors(limits: Limits, descriptors: number | undefined): Limits {
  if (descriptors === undefined) return limits;
  const usable = Math.max(descriptors - reserved, Math.floor(descriptors / 2));
  const part = (eighths: number): number => Math.max(1, Math.floor((usable * eighths) / 8));
  const { transport, http } = limits;
  return {
    ...limits,
    transport: {
      ...transport,
      maxConnections: Math.min(transport.maxConnections, part(5)),
      maxHandshakes: Math.min(transport.maxHandshakes, part(1)),
    },
    http: { ...http, maxConnections: Math.min(http.maxConnections, part(2)) },
  };
}
