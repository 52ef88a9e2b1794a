import { expect, it } from 'vitest';
import { type ConnectionDue, type ConnectionTimes, connectionDue } from './connection.js';
import { defaultTransportLimits } from './limits.js';

const accepted: ConnectionTimes = {
  client: false,
  openedAt: 0,
  receivedAt: 0,
  sentAt: 0,
  hadMessage: true,
  partialSince: undefined,
  queuedSince: undefined,
  pingedAt: undefined,
  unansweredSince: undefined,
  pongs: false,
  pings: false,
};
const opened: ConnectionTimes = { ...accepted, client: true, pings: true };
const close = (reason: string): ConnectionDue => ({ close: reason });

it.each<[string, ConnectionTimes, number, ConnectionDue]>([
  ['an accepted one rests for more than three minutes', accepted, 180_001, undefined],
  ['but not for ever', accepted, 600_000, close('idle')],
  ['unless something was sent', { ...accepted, sentAt: 300_000 }, 600_000, undefined],
  [
    'one that never sent a message goes',
    { ...accepted, hadMessage: false, receivedAt: 29_000 },
    30_000,
    close('no-message'),
  ],
  ['one we opened owes us none', { ...opened, hadMessage: false, receivedAt: 29_000 }, 30_000, undefined],
  ['half a message is waited for', { ...accepted, partialSince: 100_000 }, 129_999, undefined],
  ['but not for long', { ...accepted, partialSince: 100_000 }, 130_000, close('half-message')],
  ['one we opened is pinged', opened, 25_000, 'ping'],
  ['one that spoke is not', { ...opened, receivedAt: 1_000 }, 25_000, undefined],
  ['one that never ponged is pinged again', { ...opened, pingedAt: 25_000 }, 50_000, 'ping'],
  ['one that used to pong goes', { ...opened, pingedAt: 25_000, pongs: true }, 35_000, close('no-pong')],
  [
    'one that leaves a request unanswered is asked early',
    { ...opened, unansweredSince: 1_000 },
    6_000,
    'ping',
  ],
  ['but asked once', { ...opened, unansweredSince: 1_000, pingedAt: 6_000 }, 20_000, undefined],
  ['and given up', { ...opened, unansweredSince: 1_000, pingedAt: 6_000 }, 33_000, close('unanswered')],
  ['what nobody takes is dropped', { ...opened, queuedSince: 20_000 }, 25_000, close('slow-peer')],
])('%s', { meta: { clause: ['TS 103 698 6.1.1', 'RFC 5626 4.4.1'] } }, (_, times, now, due) => {
  expect(connectionDue(times, now, defaultTransportLimits)).toEqual(due);
});

it(
  'with a peer that answers pings, either end keeps an idle connection for more than 3 minutes',
  { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-3' } },
  () => {
    for (let now = 0; now <= 185_000; now += 1_000) {
      expect(connectionDue(accepted, now, defaultTransportLimits)).toBeUndefined();
      const ponged = { ...opened, receivedAt: now - (now % 25_000), pongs: true };
      expect(connectionDue(ponged, now, defaultTransportLimits)).not.toMatchObject({
        close: expect.anything() as unknown,
      });
    }
  },
);
