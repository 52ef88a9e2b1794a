import { freePort, requireProgram } from '@esinet/testing';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { type Sipp, type SippTransport, startSipp } from './sipp-lab.js';

const sipp = requireProgram('sipp');
const calls = 100;

describe.each(['udp', 'tcp'] as const)('SIPp through border and router over %s', (transport) => {
  let lab: Lab;
  let psap: number;
  const running: Sipp[] = [];

  beforeEach(async () => {
    if (!sipp.path) return;
    psap = await freePort();
    lab = await startLab((config) => ({
      ...config,
      esrp: {
        ...config.esrp,
        hosts: { [config.psap.domain]: [{ transport, address: '127.0.0.1', port: psap }] },
      },
    }));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
    await lab?.close();
  });

  async function play(callee: string, caller: string): Promise<void> {
    const start = async (o: Parameters<typeof startSipp>[1]): Promise<Sipp> => {
      const started = await startSipp(sipp.path, o);
      running.push(started);
      return started;
    };
    const common: { transport: SippTransport; calls: number } = { transport, calls };
    const called = await start({ ...common, scenario: callee, port: psap });
    const calling = await start({ ...common, scenario: caller, to: lab.port(15_060) });
    const [there, here] = await Promise.all([called.ended, calling.ended]);
    expect(here.code, `${here.words}\n---- callee\n${there.words}`).toBe(0);
    expect(there.code, there.words).toBe(0);
  }

  sipp.it(
    'a voice call is set up, answered and ended by the caller',
    { meta: { clause: ['RFC 3261 16', 'RFC 3261 16.12'] }, timeout: 90_000 },
    () => play('psap-answers', 'caller-hangs-up'),
  );
});
