import { HEALTH, type HealthChecks } from '@esinet/platform';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Name, type Pairs, refused, startPairs, under } from './pairs.js';

let pairs: Pairs;
beforeEach(async () => {
  pairs = await startPairs();
});
afterEach(() => pairs.close());

const load = { messages: 80, everyMs: 5 };

describe('an element that is told to end', () => {
  it.each<Name>(['esrp-1', 'bcf-1'])(
    '%s: everything under way is answered, everything new goes elsewhere, nobody is refused',
    async (name) => {
      expect(await pairs.send('before')).toBe(200);
      const outcomes = await under(pairs, load, async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        await pairs.drain(name);
        await pairs.start(name);
      });
      expect(refused(outcomes)).toEqual({});
      const shown = pairs.centres.flatMap((centre) => centre.shown);
      expect(new Set(shown).size).toBe(outcomes.length + 1);
      expect(shown).toHaveLength(outcomes.length + 1);
    },
  );

  it('both of a pair, one after the other, several times', { timeout: 60_000 }, async () => {
    const outcomes = await under(pairs, load, async () => {
      for (const name of ['esrp-1', 'esrp-2', 'bcf-1', 'bcf-2', 'esrp-1', 'esrp-2'] as const) {
        await pairs.drain(name);
        await pairs.start(name);
      }
    });
    expect(refused(outcomes)).toEqual({});
    const shown = pairs.centres.flatMap((centre) => centre.shown);
    expect(shown.toSorted()).toEqual(outcomes.map(({ text }) => text).toSorted());
  });

  it('says so to whoever asks by OPTIONS from inside, and is not ready', async () => {
    const edge = pairs.edge('esrp-1');
    const health = pairs.elements.get('esrp-1')!.get<HealthChecks>(HEALTH);
    const destination = { transport: 'tcp', address: '127.0.0.1', port: edge.port('tcp') ?? 0 } as const;
    const probe = () =>
      pairs.caller.send({
        method: 'OPTIONS',
        uri: `sip:127.0.0.1:${destination.port}`,
        from: 'sip:probe@esinet.lab',
        to: 'sip:esrp.esinet.lab',
        destination,
      });
    expect(await probe()).toMatchObject({ message: { status: 200 } });
    health.drain();
    const answer = await probe();
    expect(answer).toMatchObject({ message: { status: 503 } });
    expect(answer.kind === 'response' && answer.message.header('Retry-After')).toBe('5');
    expect(await health.report()).toMatchObject({ ready: false, checks: { drain: 'draining' } });
    // Calls are still taken.
    expect(await pairs.send('in the notice')).toBe(200);
  });
});
