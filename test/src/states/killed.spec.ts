import { silentLogger, systemClock } from '@esinet/kernel';
import { esrpConfigSchema, startEsrp } from '@esinet/element-esrp';
import { InProcessBus, type RunningElement } from '@esinet/platform';
import { StateTable } from '@esinet/states';
import { freePort, until } from '@esinet/testing';
import { afterEach, expect, it } from 'vitest';
import { PsapProcess } from '../reliability/psap-process.js';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

it.each(['udp', 'tcp'] as const)(
  'a PSAP that is killed is Unreachable within the time that is configured, and heard again when it is back (%s)',
  { meta: { clause: ['RFC 6665 4.1.2.2', 'RFC 6665 4.1.3'] }, timeout: 120_000 },
  async (transport) => {
    const psap = await PsapProcess.make({
      outbound: await freePort(),
      psap: { centres: [{ uri: 'sip:madrid@psap.esinet.internal', name: 'Madrid' }] },
    });
    open.push(() => psap.clear());
    const bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
    open.push(() => bus.close());
    const esrp: RunningElement = await startEsrp(
      esrpConfigSchema.parse({
        http: { port: 0 },
        listen: { udp: 0, tcp: 0 },
        hosts: { 'psap.esinet.internal': [`${transport}:127.0.0.1:${psap.sip}`] },
        states: {
          heartbeat: '500 ms',
          silence: '2 s',
          firstPause: '100 ms',
          longestPause: '500 ms',
          subscribe: [
            { uri: 'sip:psap.esinet.internal', packages: ['ServiceState'] },
            { uri: 'sip:madrid@psap.esinet.internal', packages: ['QueueState'] },
          ],
        },
      }),
      { bus, logger: silentLogger },
      { drainMs: 0 },
    );
    open.push(() => esrp.close());
    const table = esrp.get<StateTable>(StateTable);
    const service = () => table.service('PSAP', 'psap.esinet.internal');
    const queue = () => table.queue('sip:madrid@psap.esinet.internal');
    await psap.start();
    await until(() => service()?.serviceState.state === 'Normal' && queue()?.state === 'Active');

    const changed = new Promise<number>((resolve) => {
      table.onChange((kind, state) => {
        if (kind === 'queue' && 'state' in state && state.state === 'Unreachable') resolve(performance.now());
      });
    });
    await psap.kill();
    const killed = performance.now();
    const took = (await changed) - killed;
    // Two seconds after the last word and what a busy machine adds; well before any timer of SIP, which take 32.
    expect(took).toBeLessThan(25_000);
    await until(() => service()?.serviceState.state === 'Unreachable');

    await psap.start();
    await until(() => service()?.serviceState.state === 'Normal' && queue()?.state === 'Active');
  },
);
