import { describe, expect, it } from 'vitest';
import { ManualClock } from '@esinet/kernel';
import { buildRequest } from '../codec/build.js';
import { parseDatagram } from '../codec/datagram.js';
import type { Flow } from '../transport/flow.js';
import { OverloadControl } from './overload-control.js';
import { UnreadStarts } from './unread-starts.js';

const flow = { reliable: false, listener: 'public-udp', remoteAddress: '192.0.2.1' } as Flow;

/** A door where 100 starts are let in at once, and refusing one takes 1 ms. */
function door(refusing = 0.01) {
  const clock = new ManualClock();
  const control = new OverloadControl({
    clock,
    settings: { initialRate: 100, minRate: 100, maxRate: 100, burstMs: 1_000 },
  });
  const unread = new UnreadStarts({ clock, control, refusing, repeatMs: 32_000, seed: 1 });
  unread.isWatched = (listener) => listener.startsWith('public-');
  unread.classOf = (uri) =>
    uri.includes('test') ? 'other' : uri.startsWith('urn:') ? 'emergency' : undefined;
  unread.isRunning = (callIdentifier, from) =>
    callIdentifier.includes('running') && from === 'sip:a@example.com';
  control.onTaken = (request) => unread.took(request.bytes);
  let dropped = 0;
  unread.onDropped = () => dropped++;
  const bytes = (id: string, o: { method?: string; uri?: string; tag?: string; callId?: string } = {}) =>
    buildRequest({
      method: o.method ?? 'MESSAGE',
      uri: o.uri ?? 'urn:service:sos',
      headers: [
        ['Via', `SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK${id}`],
        ['Max-Forwards', '70'],
        ['From', '<sip:a@example.com>;tag=f'],
        ['To', `<urn:service:sos>${o.tag === undefined ? '' : `;tag=${o.tag}`}`],
        ['Call-ID', id],
        ['CSeq', `1 ${o.method ?? 'MESSAGE'}`],
        ['Call-Info', `<urn:emergency:uid:callid:${o.callId ?? id}:x>;purpose=EmergencyCallData.CallId`],
      ],
    });
  const known = new Set<string>();
  /** As the layers would do it. */
  const arrives = (id: string, o: Parameters<typeof bytes>[1] & { listener?: string } = {}) => {
    const datagram = bytes(id, o);
    if (unread.drops(datagram, o.listener ?? 'public-udp', '192.0.2.1')) return 'dropped';
    try {
      if (known.has(id)) return 'repetition';
      const parsed = parseDatagram(datagram);
      if (parsed.kind !== 'message') return 'unreadable';
      const hash = [...id].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7) >>> 0;
      const refusal = control.admit(parsed.message, flow, hash, hash);
      if (!refusal) return (known.add(id), 'taken');
      clock.advance(1);
      return refusal.status;
    } finally {
      unread.read();
    }
  };
  const flood = (count: number, name: string) =>
    Array.from({ length: count }, (_, i) => arrives(`${name}${i}`));
  return { clock, control, unread, arrives, flood, dropped: () => dropped };
}

describe('starts that nobody reads', { meta: { clause: ['RFC 7339 5.10.1', 'TS 103 698 6.1.2.9'] } }, () => {
  it('are those that refusing would take more than its share of the time for', () => {
    const { flood, clock, control, dropped } = door();
    const first = flood(400, 'a');
    expect(first.filter((what) => what === 'taken').length).toBeGreaterThanOrEqual(100);
    const refused = first.filter((what) => what === 486).length;
    expect(refused).toBeGreaterThan(5);
    expect(refused).toBeLessThan(40);
    expect(dropped()).toBe(first.filter((what) => what === 'dropped').length);
    expect(control.counters.shed.emergency).toBe(refused + dropped());
    // What there is room for is taken on as before, neither more nor less: 50, less the reserve for quieter sources.
    clock.advance(500);
    const taken = flood(400, 'b').filter((what) => what === 'taken').length;
    expect(taken).toBeGreaterThanOrEqual(30);
    expect(taken).toBeLessThan(40);
  });

  it('are never repetitions of what was taken on', { meta: { clause: 'RFC 3261 17.2.3' } }, () => {
    const { flood, arrives, clock } = door();
    const outcomes = flood(400, 'a');
    const taken = outcomes.flatMap((what, i) => (what === 'taken' ? [`a${i}`] : []));
    for (const wait of [500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000]) {
      clock.advance(wait);
      flood(500, `b${wait}${clock.now()}`);
      for (const id of taken) expect(arrives(id)).toBe('repetition');
    }
  });

  it('are never told no and then let in, and may be let in when they were told nothing', () => {
    const { flood, arrives, clock } = door();
    const outcomes = flood(400, 'a');
    const refused = outcomes.flatMap((what, i) => (what === 486 ? [`a${i}`] : []));
    const silent = outcomes.flatMap((what, i) => (what === 'dropped' ? [`a${i}`] : []));
    clock.advance(5_000);
    for (const id of refused) expect(arrives(id)).toBe(486);
    expect(silent.slice(0, 20).map((id) => arrives(id))).toEqual(Array.from({ length: 20 }, () => 'taken'));
  });

  it('are no running chats, nothing within a dialog, no probes, and nothing from inside', () => {
    const { flood, arrives, unread } = door();
    flood(400, 'a');
    expect(arrives('x1', { tag: 't' })).not.toBe('dropped');
    expect(arrives('x2', { method: 'OPTIONS' })).not.toBe('dropped');
    expect(arrives('x3', { uri: 'sip:madrid@esinet.lab' })).not.toBe('dropped');
    expect(arrives('x4', { listener: 'private-udp' })).not.toBe('dropped');
    unread.chats('urn:emergency:uid:callid:running-chat:x');
    expect(arrives('x5', { callId: 'running-chat' })).not.toBe('dropped');
    // Of somebody else, or never heard of.
    unread.chats('urn:emergency:uid:callid:other-chat:x');
    expect(arrives('x7', { callId: 'other-chat' })).toBe('dropped');
    expect(arrives('x8', { callId: 'running-too' })).toBe('dropped');
    expect(arrives('x6')).toBe('dropped');
  });

  it('come to an end with the overload', () => {
    const { flood, arrives, clock, control } = door();
    flood(400, 'a');
    expect(control.isOverloaded).toBe(true);
    clock.advance(1_000);
    expect(flood(50, 'b').every((what) => what === 'taken')).toBe(true);
    clock.advance(3_000);
    expect(control.isOverloaded).toBe(false);
    expect(arrives('c')).toBe('taken');
  });
});
