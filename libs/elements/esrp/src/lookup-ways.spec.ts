import { type Result, err, ManualClock, ok } from '@esinet/kernel';
import { InProcessBus } from '@esinet/platform';
import { LOST_QUERY_SUBJECT, type LostRequest, writeLostAnswer } from '@esinet/lost';
import { HELD_QUERY_SUBJECT } from '@esinet/held';
import { describe, expect, it } from 'vitest';
import { heldOverBus, lostOverBus } from './bus-lookups.js';
import { LookupWays } from './lookup-ways.js';

interface Failure {
  readonly code: string;
}

const never = (): Promise<Result<string, Failure>> => new Promise(() => undefined);
const nobody = (): Promise<Result<string, Failure>> => Promise.resolve(err({ code: 'unreachable' }));
const answers = (): Promise<Result<string, Failure>> => Promise.resolve(ok('answer'));

function ways(bus: () => Promise<Result<string, Failure>>, http: () => Promise<Result<string, Failure>>) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const all = new LookupWays<string, string, Failure>(
    (['bus', 'http'] as const).map((via) => ({
      via,
      ask: () => {
        asked.push(via);
        return via === 'bus' ? bus() : http();
      },
    })),
    { clock, totalMs: 900, failed: (code) => ({ code }) },
  );
  return { clock, asked, all };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ways to ask', () => {
  it('the first that answers is the last that is asked', async () => {
    const { all, asked } = ways(answers, answers);
    expect(await all.ask('q')).toEqual(ok('answer'));
    expect(asked).toEqual(['bus']);
  });

  it('where nobody is there the next is asked at once', async () => {
    const { all, asked } = ways(nobody, answers);
    expect(await all.ask('q')).toEqual(ok('answer'));
    expect(asked).toEqual(['bus', 'http']);
  });

  it('silence costs half of the time that is left, and the whole never takes longer than the whole', async () => {
    const { all, asked, clock } = ways(never, never);
    const asking = all.ask('q');
    await turn();
    clock.advance(449);
    await turn();
    expect(asked).toEqual(['bus']);
    clock.advance(1);
    await turn();
    expect(asked).toEqual(['bus', 'http']);
    clock.advance(450);
    expect(await asking).toEqual(err({ code: 'timeout' }));
  });

  it('a way that is silent again and again is left out for a while, then tried', async () => {
    const { all, asked, clock } = ways(never, answers);
    for (let i = 0; i < 3; i++) {
      const asking = all.ask('q');
      await turn();
      clock.advance(450);
      await asking;
    }
    asked.length = 0;
    await all.ask('q');
    expect(asked).toEqual(['http']);
    clock.advance(5_000);
    void all.ask('q');
    await turn();
    expect(asked).toEqual(['http', 'bus']);
  });

  it('all dead is an error, never a throw', async () => {
    const broken = (): Promise<Result<string, Failure>> => Promise.reject(new Error('broken'));
    expect(await ways(nobody, broken).all.ask('q')).toEqual(err({ code: 'unreachable' }));
  });
});

describe('over the bus', () => {
  const request: LostRequest = {
    type: 'findService',
    locations: [],
    service: 'urn:service:sos',
    recursive: true,
    validateLocation: false,
    serviceBoundary: 'value',
    path: [],
  };

  it('a LoST document is asked for, and what is none is malformed', async () => {
    const bus = new InProcessBus();
    const ask = lostOverBus(bus, 10_000);
    expect(await ask(request, undefined, 100)).toMatchObject({ error: { code: 'unreachable' } });
    let text: unknown = writeLostAnswer({
      type: 'errors',
      source: 'a.lab',
      errors: [{ code: 'notFound' }],
    } as never);
    bus.reply(LOST_QUERY_SUBJECT, () => Promise.resolve(text));
    expect(await ask(request, undefined, 100)).toMatchObject({ ok: true, value: { type: 'errors' } });
    for (text of ['<broken', 17, null]) {
      expect(await ask(request, undefined, 100)).toMatchObject({ error: { code: 'malformed' } });
    }
    text = 'x'.repeat(20_000);
    expect(await ask(request, undefined, 100)).toMatchObject({ error: { code: 'too-large' } });
  });

  it('location URIs of hosts that may not be asked are not asked', async () => {
    const bus = new InProcessBus();
    let count = 0;
    bus.reply(HELD_QUERY_SUBJECT, () => Promise.resolve(String(count++)));
    const ask = heldOverBus(bus, { allowedHosts: ['lis.lab:443'], maxBytes: 10_000 });
    for (const uri of ['http://169.254.169.254/loc/a', 'nonsense', 'https://lis.lab.evil/loc/a']) {
      expect(await ask({ uri, options: {} }, undefined, 100)).toMatchObject({
        error: { code: 'not-allowed' },
      });
    }
    expect(count).toBe(0);
    expect(await ask({ uri: 'https://lis.lab/loc/a', options: {} }, undefined, 100)).toMatchObject({
      error: { code: 'malformed' },
    });
  });
});
