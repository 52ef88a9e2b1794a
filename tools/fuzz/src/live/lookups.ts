import { seededRandom } from '../mutate.js';
import { LabProcess } from './lab-process.js';
import { type LookupFuzzReport, fuzzLookups, properAnswers } from './lookup-fuzz.js';
import { mistakesIn } from './mistakes.js';
import { rudeClients } from './rude-clients.js';

export interface LookupsOptions {
  readonly count: number;
  readonly seed: number;
  /** Also clients that are slow or do not keep to HTTP, which takes half a minute. */
  readonly rude: boolean;
  /** A proper question is answered within this at the end. */
  readonly answeredWithinMs: number;
}

export interface LookupsReport extends LookupFuzzReport {
  readonly seconds: number;
  readonly megabytes: { readonly before: number; readonly warm: number; readonly after: number };
}

/** Growth of resident memory over the second half that counts as a leak. */
const maxGrowthMegabytes = 96;

/** Mutated LoST, HELD and provisioning documents to the ECRF and the LIS of an ESInet that runs as a process. */
export async function fuzzLookupServers(o: LookupsOptions): Promise<LookupsReport> {
  const begun = performance.now();
  const random = seededRandom(o.seed);
  const lab = await LabProcess.start();
  try {
    const before = lab.residentMegabytes;
    const half = Math.ceil(o.count / 2);
    const one = await fuzzLookups(lab, half, random);
    const warm = lab.residentMegabytes;
    const two = await fuzzLookups(lab, o.count - half, random);
    const after = lab.residentMegabytes;
    const faults = [...one.faults, ...two.faults];
    if (o.rude) faults.push(...(await rudeClients(lab)));
    faults.push(...(await properAnswers(lab, o.answeredWithinMs)));
    if (lab.ended !== undefined) faults.push(`the lab ended: ${lab.ended}\n${lab.output.slice(-2_000)}`);
    faults.push(...mistakesIn(lab.output));
    if (after - warm > maxGrowthMegabytes) faults.push(`memory grew from ${warm} to ${after} MB`);
    const answers = { ...one.answers };
    for (const [what, count] of Object.entries(two.answers)) answers[what] = (answers[what] ?? 0) + count;
    return {
      faults,
      answers,
      slowestMs: Math.max(one.slowestMs, two.slowestMs),
      seconds: (performance.now() - begun) / 1_000,
      megabytes: { before, warm, after },
    };
  } finally {
    await lab.stop();
  }
}
