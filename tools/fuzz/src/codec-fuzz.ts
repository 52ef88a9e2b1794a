import { messageOf } from '@esinet/kernel';
import { codecFault } from './codec-invariants.js';
import { codecSeeds } from './codec-seeds.js';
import { mutate, seededRandom } from './mutate.js';

/** Longest the codec may take over one message, all checks of the fuzzer included: processor time, whatever else runs. */
const SLOW_MS = 50;

export interface FuzzReport {
  readonly messages: number;
  readonly slowestMs: number;
  readonly faults: readonly { readonly fault: string; readonly bytes: Buffer }[];
  /** over `SLOW_MS` each of three times, so that the garbage collector is not to blame */
  readonly slow: readonly Buffer[];
}

/** Runs mutated messages through the codec. The same seed gives the same messages. */
export function fuzzCodec(messages: number, seed: number): FuzzReport {
  const random = seededRandom(seed);
  const seeds = codecSeeds();
  const faults: { fault: string; bytes: Buffer }[] = [];
  const slow: Buffer[] = [];
  let slowestMs = 0;
  for (let i = 0; i < messages; i++) {
    const bytes = mutate(seeds[Math.floor(random() * seeds.length)]!, random);
    let tookMs = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 3 && tookMs > SLOW_MS; attempt++) {
      const start = process.cpuUsage();
      const fault = faultOf(bytes, random);
      const { user, system } = process.cpuUsage(start);
      tookMs = Math.min(tookMs, (user + system) / 1000);
      if (fault !== undefined && attempt === 0) faults.push({ fault, bytes });
    }
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > SLOW_MS) slow.push(bytes);
  }
  return { messages, slowestMs, faults, slow };
}

function faultOf(bytes: Buffer, random: () => number): string | undefined {
  try {
    return codecFault(bytes, random);
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`;
  }
}
