import { describe, expect, it } from 'vitest';
import { type ReadableMessage, inReadingOrder } from './reading-order.js';

const ana = 'sip:ana@provider.lab';
const madrid = 'sip:madrid@esinet.lab';

function record(at: number, sender: string, messageId?: number, kind: ReadableMessage['kind'] = 'in-chat') {
  return {
    at: new Date(at).toISOString(),
    sender,
    direction: sender === ana ? 'in' : 'out',
    kind,
    ...(messageId !== undefined && { messageId }),
  } as const;
}

const read = (...messages: readonly ReadableMessage[]): string[] =>
  inReadingOrder(messages).map((m) => `${m.sender.slice(4, 5)}${m.messageId ?? '-'}`);

describe('reading order', () => {
  it('puts what was overtaken in its place', { meta: { clause: 'TS 103 698 6.1.2.7' } }, () => {
    expect(read(record(0, ana, 1), record(10, ana, 3), record(20, madrid, 1), record(30, ana, 2))).toEqual([
      'a1',
      'a2',
      'a3',
      'm1',
    ]);
    expect(read(record(0, ana, 4), record(1, ana, 3), record(2, ana, 2), record(3, ana, 1))).toEqual([
      'a1',
      'a2',
      'a3',
      'a4',
    ]);
  });

  it('leaves what came late where it was shown', { meta: { clause: 'TS 103 698 6.1.2.7' } }, () => {
    expect(read(record(0, ana, 1), record(10, ana, 3), record(2_011, ana, 2))).toEqual(['a1', 'a3', 'a2']);
  });

  it(
    'keeps 266 and 274 behind the message whose number they bear',
    { meta: { clause: 'TS 103 698 6.2.6' } },
    () => {
      const stop = record(10, madrid, 2, 'stop-transfer');
      expect(inReadingOrder([record(0, madrid, 2), stop]).at(-1)).toBe(stop);
      expect(inReadingOrder([stop, record(20, madrid, 2)]).at(-1)).toBe(stop);
    },
  );

  it(
    'does not move what has no number, nor around another sender',
    { meta: { clause: 'TS 103 698 6.1.2.7' } },
    () => {
      expect(read(record(0, ana, 5), record(1, ana), record(2, madrid, 1), record(3, ana, 6))).toEqual([
        'a5',
        'a-',
        'm1',
        'a6',
      ]);
      const odd = { ...record(0, ana, 2), at: 'not a time' };
      expect(inReadingOrder([odd, record(1, ana, 1)])).toHaveLength(2);
    },
  );
});
