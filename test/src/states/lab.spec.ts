import { StateTable } from '@esinet/states';
import { loadTls } from '@esinet/platform';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { subscriberOver } from './outside-subscriber.js';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
}, 60_000);
afterAll(() => lab.close());

const tableOf = (): StateTable => lab.running.elements.get('esrp')!.get<StateTable>(StateTable);

async function say(body: object): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${lab.port(15_090)}/api/state`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

describe('in the lab', () => {
  it('the router knows the PSAPs by SIP and the others by the bus', async () => {
    const table = tableOf();
    await until(() => table.queue(lab.centre('madrid'))?.state === 'Active');
    await until(() => table.element('bcf.esinet.lab'));
    await until(() => table.element('psap.esinet.internal') && table.element('esrp.esinet.lab'));
    const originsOf = (kind: string): string[] =>
      table.list().flatMap((known) => (known.kind === kind ? [known.origin] : []));
    await until(
      () => originsOf('queue').length === 20 && originsOf('queue').every((origin) => origin === 'sip'),
    );
    expect(new Set(originsOf('element'))).toEqual(new Set(['bus']));
    const answer = await fetch(`http://127.0.0.1:${lab.port(15_970)}/api/states`);
    const { states } = (await answer.json()) as { states: { kind: string }[] };
    expect(states.filter(({ kind }) => kind === 'queue')).toHaveLength(20);
  });

  it('a security posture that turns Red at the PSAP is known to the router', async () => {
    await say({ posture: 'Red' });
    const table = tableOf();
    await until(() => table.service('PSAP', 'psap.esinet.internal')?.securityPosture?.posture === 'Red');
    await say({ posture: 'Green' });
    await until(() => table.service('PSAP', 'psap.esinet.internal')?.securityPosture?.posture === 'Green');
  });
});

describe('the border tells how it is', () => {
  const event = 'emergency-ElementState';

  it.each(['udp', 'tcp'] as const)(
    'inside, over %s',
    { meta: { clause: 'RFC 6665 4.2.1' } },
    async (transport) => {
      const me = await subscriberOver(transport);
      const { told } = me.subscribe({ port: lab.port(15_062), uri: 'sip:bcf.esinet.lab', event });
      await until(() => told[0]);
      expect(told[0]?.body).toMatchObject({ elementId: 'bcf.esinet.lab' });
      await me.close();
    },
  );

  it.each(['udp', 'tcp'] as const)(
    'nobody outside, over %s',
    { meta: { clause: 'RFC 6665 4.2.1.1' } },
    async (transport) => {
      const me = await subscriberOver(transport);
      const port = lab.port(15_060);
      const refused = [
        me.subscribe({ port, uri: 'sip:bcf.esinet.lab', event }),
        me.subscribe({ port, uri: `sip:127.0.0.1:${port}`, event }),
        // Not even which packages there are.
        me.subscribe({ port, uri: 'sip:bcf.esinet.lab', event: 'presence' }),
      ];
      await until(() => refused.every(({ ends }) => ends[0]));
      for (const { ends } of refused) expect(ends).toEqual([{ why: 'refused', status: 403 }]);
      await me.close();
    },
  );

  it('a peer by its certificate', { meta: { clause: ['RFC 6665 4.2.1.1', 'RFC 5922 7.1'] } }, async () => {
    const me = await subscriberOver('tls', await loadTls(lab.running.pkiFolder, 'provider'));
    const { told, ends } = me.subscribe({
      port: lab.port(15_061),
      uri: 'sip:bcf.esinet.lab',
      event,
      serverName: 'esinet.lab',
    });
    await until(() => told[0] ?? ends[0]);
    expect(told[0]?.body).toMatchObject({ elementId: 'bcf.esinet.lab' });
    await me.close();
  });
});
