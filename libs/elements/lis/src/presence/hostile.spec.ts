import { type Logger, silentLogger } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { filterSet } from './filter-fixture.js';
import { FILTER_TYPE } from './location-filter.js';
import { lisAt, presenceLis, watcher } from './presence-fixture.js';

/** A reproducible draw between 0 and 1. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

const filter = filterSet('<trigger><lf:moved>300</lf:moved></trigger>');

function subscribeText(token: string, n: number): string {
  return (
    `SUBSCRIBE sip:${token}@192.0.2.85 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKh${n};rport\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:h@x.example>;tag=h${n}\r\nTo: <sip:${token}@192.0.2.85>\r\nCall-ID: hostile-${n}\r\n` +
    `CSeq: ${n + 1} SUBSCRIBE\r\nContact: <sip:h@192.0.2.66>\r\nEvent: presence;max-rate=0.5;min-rate=0.1\r\nExpires: 600\r\n` +
    `Accept: application/pidf+xml\r\nContent-Type: ${FILTER_TYPE}\r\nContent-Length: ${filter.length}\r\n\r\n${filter}`
  );
}

/** One part cut out, doubled, or replaced. */
function mutated(text: string, draw: () => number): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const at = Math.floor(draw() * bytes.length);
  const length = Math.floor(draw() * 40) + 1;
  switch (Math.floor(draw() * 5)) {
    case 0:
      bytes[at] = Math.floor(draw() * 256);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    default: {
      const lines = text.split('\r\n');
      const line = Math.floor(draw() * lines.length);
      lines.splice(line, 0, lines[Math.floor(draw() * lines.length)] ?? '');
      return Buffer.from(lines.join('\r\n'), 'latin1');
    }
  }
}

describe('a sender that means harm', () => {
  it(
    '3,000 broken SUBSCRIBEs: each is answered or dropped, nobody else gets a NOTIFY, and the next one is served',
    { meta: { clause: ['RFC 6665 6.3', 'RFC 3261 8.2', 'RFC 4475 3'] }, timeout: 60_000 },
    async () => {
      const world = presenceLis();
      world.put();
      const token = await world.token();
      const hostile = world.network.node({ address: '192.0.2.66' });
      const heard = new Map<string, number>();
      world.network.fate = ({ from, to }) => {
        if (from.startsWith(lisAt.address)) heard.set(to, (heard.get(to) ?? 0) + 1);
        return 1;
      };
      const draw = draws(20_261_128);
      for (let n = 0; n < 3_000; n++) {
        hostile.send('192.0.2.85:5060', mutated(subscribeText(token, n), draw));
        if (n % 100 === 99) await world.clock.run(20, 10);
      }
      await world.clock.run(2_000, 100);
      // Only the sender itself, by whatever port it named.
      for (const to of heard.keys()) expect(to).toMatch(/^192\.0\.2\.66:/);
      expect(world.server.notifier.size).toBeLessThanOrEqual(20);
      // It never answered a NOTIFY: its subscriptions are gone with Timer F.
      await world.clock.run(40_000, 500);
      expect(world.server.notifier.size).toBe(0);
      const psap = watcher(world);
      psap.watch(token);
      await world.clock.run(100, 1);
      expect(psap.states).toEqual(['active']);
    },
  );

  it(
    '10,000 guesses leave nothing behind',
    { meta: { clause: ['RFC 6753 7', 'RFC 5808 C8', 'RFC 6665 6.3'] }, timeout: 60_000 },
    async () => {
      const world = presenceLis();
      world.put();
      await world.token();
      const hostile = world.network.node({ address: '192.0.2.66' });
      for (let n = 0; n < 10_000; n++) {
        hostile.send('192.0.2.85:5060', Buffer.from(subscribeText(`guess${String(n).padStart(21, '0')}`, n)));
        if (n % 500 === 499) await world.clock.run(20, 10);
      }
      await world.clock.run(200, 10);
      expect(world.server.notifier.size).toBe(0);
      expect(world.transactions.size.client).toBe(0);
    },
  );
});

it(
  'no log line has a token, a place or a watcher in it',
  { meta: { clause: ['RFC 6280 3', 'RFC 3856 9'] } },
  async () => {
    const lines: string[] = [];
    const note =
      (level: string) =>
      (message: string, fields?: object): void =>
        void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
    const logger: Logger = {
      ...silentLogger,
      debug: note('debug'),
      info: note('info'),
      warn: note('warn'),
      error: note('error'),
    };
    const world = presenceLis({}, { logger });
    world.put();
    const token = await world.token();
    const psap = watcher(world);
    psap.watch(token);
    psap.watch(token, { body: { type: FILTER_TYPE, content: '<broken' } });
    await world.clock.run(100, 1);
    // A store that is away while a place is looked up.
    const { get } = world.store;
    world.store.get = () => Promise.reject(new Error('store away'));
    world.put({ shape: { type: 'point', position: [2.17, 41.38] } });
    await world.clock.run(3_000, 100);
    world.store.get = get;
    await world.clock.run(12_000, 100);
    // It was looked up again, and nothing was lost.
    expect(psap.notifies.length).toBe(2);
    expect(lines.some((line) => line.includes('store away'))).toBe(true);
    for (const line of lines) {
      expect(line).not.toContain(token);
      expect(line).not.toMatch(/40\.4|41\.38|psap\.example/);
    }
  },
);
