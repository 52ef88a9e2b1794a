import { freePort } from '@esinet/testing';
import { expect } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { type Sipp, type SippTransport, startSipp } from './sipp-lab.js';

/** A lab whose only PSAP is a SIPp, called by another SIPp from outside. */
export interface SippStage {
  readonly lab: Lab;
  /** Plays both scenarios to the end, and fails where one call did not go as they say. */
  play(callee: string, caller: string, calls: number): Promise<void>;
  close(): Promise<void>;
}

export async function sippStage(
  sipp: string,
  transport: SippTransport,
  watch?: Parameters<typeof startLab>[1],
): Promise<SippStage> {
  const psap = await freePort();
  const lab = await startLab(
    (config) => ({
      ...config,
      // Nothing is lost on loopback: what is repeated was only late, and SIPp does not know it again.
      // And a call ends where a 100 comes between what it read and what it says next.
      limits: {
        ...config.limits,
        timers: { ...config.limits.timers, t1: 5_000, t2: 10_000, trying: 10_000 },
      },
      // All callers stand at one address, and say more in a second than people do.
      bcf: { ...config.bcf, abuse: { ...config.bcf.abuse, enabled: false } },
      esrp: {
        ...config.esrp,
        hosts: { [config.psap.domain]: [{ transport, address: '127.0.0.1', port: psap }] },
      },
    }),
    watch,
  );
  const running: Sipp[] = [];
  const start = async (o: Parameters<typeof startSipp>[1]): Promise<Sipp> => {
    const started = await startSipp(sipp, o);
    running.push(started);
    return started;
  };
  return {
    lab,
    async play(callee, caller, calls) {
      const common = { transport, calls };
      const called = await start({ ...common, scenario: callee, port: psap });
      const calling = await start({ ...common, scenario: caller, to: lab.port(15_060) });
      const [there, here] = await Promise.all([called.ended, calling.ended]);
      expect(here.code, `${here.words}\n---- callee\n${there.words}`).toBe(0);
      expect(there.code, there.words).toBe(0);
    },
    async close() {
      await Promise.all(running.splice(0).map((each) => each.stop()));
      await lab.close();
    },
  };
}
