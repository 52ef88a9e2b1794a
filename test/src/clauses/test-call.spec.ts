import { readIdentifiers } from '@esinet/lmpe';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import * as chat from '../interop/chat-body.js';
import { type Lab, startLab } from '../lab.js';
import { type Outside, openOutside } from './bare-lab.js';

const rows = (...numbers: number[]) => numbers.map((number) => `6.1.2.10-${number}`);

let lab: Lab;
let outside: Outside;
beforeAll(async () => {
  lab = await startLab();
  outside = await openOutside(lab);
});
afterAll(async () => {
  await lab.close();
  await outside.close();
});

let tests = 0;

/** A test of a caller nobody knows yet, unless told who it is. */
function test(uri: string, user = `tester-${(tests += 1)}`, by: Outside = outside) {
  const callId = `test${(tests += 1)}`.padEnd(24, 'x');
  const m = { callId, messageId: 1, messageType: 257, text: 'a test', latitude: 40.4168, longitude: -3.7038 };
  const answer = by.fromCaller({
    uri,
    to: uri,
    from: `<sip:${user}@app.lab>;tag=t`,
    headers: [
      ...chat.callInfo(m).map((value) => ['Call-Info', value] as const),
      ['Geolocation', '<cid:place@provider.lab>'],
    ],
    contentType: chat.contentType,
    body: chat.body(m),
  });
  const received = () =>
    by.caller.received
      .map(({ message }) => message)
      .filter((message) => message.values('Call-Info').some((value) => value.includes(callId)));
  return { answer, received };
}

describe('a test call', () => {
  const completed = async (uri: string): Promise<void> => {
    const { answer, received } = test(uri);
    expect((await answer).status).toBe(200);
    const closing = await until(() => received()[0]);
    expect(readIdentifiers(closing.values('Call-Info'))).toMatchObject({ messageType: 258 });
    expect(closing.header('Content-Type')).toBe('text/plain; charset=utf-8');
    const [name, service, location] = closing.body.toString().split('\r\n');
    expect(name).toBe('112 Madrid (lab)');
    expect(service).toBe(uri);
    expect(location).toContain('40.41680 N');
    // Routed by its location, as a real one is.
    expect(lab.events.some(({ payload }) => payload['test'] === true && payload['mapping'] !== 'none')).toBe(
      true,
    );
  };

  it(
    'goes the whole way, is answered and closed at once by a machine',
    { meta: { clause: 'TS 103 698 6.1.2.10', shall: rows(1, 2, 3, 6, 11, 12, 13, 14, 15, 16) } },
    () => completed('urn:service:sos.test'),
  );

  it('can be for a service below', { meta: { clause: 'TS 103 698 6.1.2.10', shall: rows(9, 14) } }, () =>
    completed('urn:service:sos.fire.test'),
  );

  it('has the form of RFC 6881 as well', { meta: { clause: 'RFC 6881 17', shall: rows(1) } }, () =>
    completed('urn:service:test.sos'),
  );

  it(
    'is refused with 486 when its source has just tested',
    { meta: { clause: 'TS 103 698 6.1.2.10', shall: rows(7, 8, 18, 19) } },
    async () => {
      expect((await test('urn:service:sos.test', 'impatient').answer).status).toBe(200);
      const again = test('urn:service:sos.test', 'impatient');
      expect((await again.answer).status).toBe(486);
      expect((await test('urn:service:sos.fire.test', 'impatient').answer).status).toBe(486);
      expect((await test('urn:service:sos.test', 'somebody-else').answer).status).toBe(200);
      expect(again.received()).toEqual([]);
    },
  );

  it('can be switched off', { meta: { clause: 'TS 103 698 6.1.2.10', shall: rows(10, 19) } }, async () => {
    const off = await startLab((config) => ({
      ...config,
      psap: { ...config.psap, tests: { ...config.psap.tests, enabled: false } },
    }));
    onTestFinished(() => off.close());
    const by = await openOutside(off);
    onTestFinished(() => by.close());
    expect((await test('urn:service:sos.test', 'anybody', by).answer).status).toBe(486);
  });
});
