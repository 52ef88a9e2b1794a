import { describe, expect, it } from 'vitest';
import { parseVia } from '../codec/via.js';
import { Feedback } from './feedback.js';
import { feedbackOf } from './oc-params.js';

const wall = Date.UTC(2026, 0, 1);
const from = { remoteAddress: '192.0.2.1' };
const via = (algorithms: string | undefined, host = 'p1.example.net') =>
  parseVia(
    `SIP/2.0/TCP ${host}:5060;branch=z9hG4bK1${algorithms === undefined ? '' : `;oc;oc-algo="${algorithms}"`}`,
  )!;
const read = (text: string) => feedbackOf(parseVia(`SIP/2.0/TCP a;branch=z9hG4bK1${text}`)!.params)!;

describe('a client', () => {
  it(
    'takes part if it offers an algorithm that we can do',
    { meta: { clause: ['RFC 7339 5.1', 'RFC 7339 4.2'] } },
    () => {
      const feedback = new Feedback({ algorithm: 'loss', validityMs: 500 }, wall);
      expect(feedback.clientOf(via(undefined), from, 0)).toBeUndefined();
      expect(feedback.clientOf(via('A,B'), from, 0)).toBeUndefined();
      expect(feedback.clientOf(via('A,loss'), from, 0)?.algorithm).toBe('loss');
      const byRate = new Feedback({ algorithm: 'rate', validityMs: 500 }, wall);
      expect(byRate.clientOf(via('loss,rate'), from, 0)?.algorithm).toBe('rate');
      expect(byRate.clientOf(via('loss', 'p2'), from, 0)?.algorithm).toBe('loss');
    },
  );

  it('keeps its algorithm for an hour', { meta: { clause: 'RFC 7339 5.8' } }, () => {
    const feedback = new Feedback({ algorithm: 'rate', validityMs: 500 }, wall);
    const algorithm = (offered: string, now: number) => feedback.clientOf(via(offered), from, now)?.algorithm;
    expect(algorithm('loss', 0)).toBe('loss');
    expect(algorithm('loss,rate', 1_000)).toBe('loss');
    expect(algorithm('loss,rate', 3_599_999)).toBe('loss');
    expect(algorithm('loss,rate', 3_600_000)).toBe('rate');
    // It cannot do that any more: what else could be said to it?
    expect(algorithm('loss', 3_600_001)).toBe('loss');
  });

  it('is one of a bounded number', () => {
    const feedback = new Feedback({ algorithm: 'loss', validityMs: 500 }, wall);
    const first = feedback.clientOf(via('loss', 'first'), from, 0);
    for (let i = 0; i < 1_500; i++) feedback.clientOf(via('loss', `c${i}`), from, i);
    expect(feedback.clientOf(via('loss', 'first'), from, 2_000)).not.toBe(first);
  });
});

describe('what is said to it', () => {
  const client = (feedback: Feedback) => feedback.clientOf(via('loss,rate'), from, 0)!;

  it(
    'is 0 and a validity of 0 while there is no overload',
    { meta: { clause: ['RFC 7339 5.1', 'RFC 7339 5.7'] } },
    () => {
      for (const algorithm of ['loss', 'rate'] as const) {
        const feedback = new Feedback({ algorithm, validityMs: 500 }, wall);
        const text = feedback.textFor(client(feedback));
        expect(read(text)).toMatchObject({ oc: 0, algorithm, validityMs: 0 });
        feedback.update({ loss: 0, rate: 1_000, now: 100, wall: wall + 100 });
        const said = feedback.textFor(client(feedback));
        feedback.update({ loss: 0, rate: 1_000, now: 200, wall: wall + 200 });
        expect(feedback.textFor(client(feedback))).toBe(said);
      }
    },
  );

  it(
    'is the percentage to leave out, with a number that rises',
    { meta: { clause: ['RFC 7339 5.2', 'RFC 7339 5.3', 'RFC 7339 4.4', 'RFC 7339 7.1'] } },
    () => {
      const feedback = new Feedback({ algorithm: 'loss', validityMs: 700 }, wall);
      let last = -1;
      // The clock of the day stands still, then goes back.
      for (const at of [wall, wall, wall, wall - 86_400_000, wall + 1]) {
        feedback.update({ loss: 0.204, rate: 1_000, now: 0, wall: at });
        const text = feedback.textFor(client(feedback));
        expect(text).toMatch(/^;oc=20;oc-algo="loss";oc-validity=700;oc-seq=\d{1,12}\.\d{1,5}$/);
        const { whole, fraction } = read(text).sequence!;
        expect(whole * 100_000 + fraction).toBeGreaterThan(last);
        last = whole * 100_000 + fraction;
      }
      feedback.update({ loss: 1, rate: 1, now: 0, wall });
      expect(read(feedback.textFor(client(feedback))).oc).toBe(100);
      feedback.update({ loss: 0, rate: 1, now: 0, wall });
      const over = read(feedback.textFor(client(feedback)));
      expect(over).toMatchObject({ oc: 0, validityMs: 0 });
      expect(over.sequence!.whole * 100_000 + over.sequence!.fraction).toBeGreaterThan(last);
    },
  );

  it(
    'is a share of the rate for each client that sends',
    { meta: { clause: ['RFC 7415 3.4', 'RFC 7339 5.3'] } },
    () => {
      const feedback = new Feedback({ algorithm: 'rate', validityMs: 500 }, wall);
      const one = feedback.clientOf(via('rate,loss', 'one'), from, 0)!;
      feedback.clientOf(via('rate,loss', 'two'), from, 0);
      feedback.update({ loss: 0.5, rate: 300, now: 500, wall });
      expect(read(feedback.textFor(one))).toMatchObject({ oc: 150, algorithm: 'rate' });
      feedback.clientOf(via('rate,loss', 'one'), from, 5_000);
      feedback.update({ loss: 0.5, rate: 300, now: 5_100, wall });
      expect(read(feedback.textFor(one)).oc).toBe(300);
    },
  );
});
