import { ManualClock } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import type { DeskEvent } from '../desk.js';
import { eventsConfigSchema } from './config.js';
import { type EventSink, EventStream } from './event-stream.js';

class Sink implements EventSink {
  text = '';
  unread = 0;
  state: 'open' | 'ended' | 'cut' = 'open';

  write(text: string): void {
    this.text += text;
  }

  end(): void {
    this.state = 'ended';
  }

  cut(): void {
    this.state = 'cut';
  }

  /** `type data` of each event. */
  get events(): string[] {
    return this.text
      .split('\n\n')
      .map((block) => block.split('\n').filter((line) => line !== '' && !line.startsWith('retry')))
      .filter((lines) => lines.some((line) => line.startsWith('event')))
      .map((lines) => lines.map((line) => line.slice(line.indexOf(':') + 2)).join(' '));
  }
}

function bench(config: Record<string, unknown> = {}) {
  const clock = new ManualClock();
  const stream = new EventStream({ clock, config: eventsConfigSchema.parse(config) });
  let id = Math.floor(clock.wall()) * 1_000;
  const first = id;
  const tell = (centre?: string, data: object = {}): void => {
    const event: DeskEvent = {
      id: ++id,
      at: 't',
      type: 'note',
      data,
      ...(centre !== undefined && { centre }),
    };
    stream.tell(event);
  };
  const listen = (o: { centre?: string; after?: string } = {}) => {
    const sink = new Sink();
    return { sink, leave: stream.open(sink, o) };
  };
  return { clock, stream, tell, listen, first };
}

describe('the stream of events', () => {
  it('tells what was missed since the last event that was read, of the centre that was asked for', () => {
    const { tell, listen, first } = bench();
    const { sink, leave } = listen({ centre: 'madrid' });
    tell('madrid', { n: 1 });
    leave();
    tell('madrid', { n: 2 });
    tell('toledo', { n: 3 });
    tell(undefined, { n: 4 });
    const again = listen({ centre: 'madrid', after: String(first + 1) });
    tell('madrid', { n: 5 });
    expect(sink.events).toEqual([
      `${first} ready {}`,
      `${first + 1} note {"at":"t","data":{"n":1},"centre":"madrid"}`,
    ]);
    expect(again.sink.events.map((e) => e.split(' ')[0])).toEqual([2, 4, 5].map((n) => String(first + n)));
  });

  it('says so when what was missed is not kept any more, or was never told', () => {
    const { tell, listen, first } = bench({ kept: 2 });
    for (let i = 0; i < 5; i++) tell();
    const since = (after: string) =>
      listen({ after }).sink.events.map((e) => e.split(' ').slice(0, 2).join(' '));
    expect(since(String(first + 3))).toEqual([`${first + 4} note`, `${first + 5} note`]);
    expect(since(String(first + 5))).toEqual([]);
    for (const after of [String(first + 2), String(first - 1), String(first + 6), 'x', '', '9'.repeat(30)]) {
      expect(since(after)).toEqual([`${first + 5} missed`]);
    }
  });

  it('keeps no more octets than it may', () => {
    const { tell, listen, first } = bench({ keptBytes: 10_000 });
    for (let i = 0; i < 20; i++) tell('madrid', { text: 'x'.repeat(1_000) });
    expect(listen({ after: String(first) }).sink.text).toContain('event: missed');
    expect(listen({ after: String(first + 12) }).sink.events.length).toBeGreaterThan(5);
  });

  it('tells no more at once than a reader may leave unread', () => {
    const { tell, listen, first } = bench({ unreadBytes: 10_000 });
    for (let i = 0; i < 20; i++) tell('madrid', { text: 'x'.repeat(1_000) });
    expect(listen({ after: String(first + 5) }).sink.text).toContain('event: missed');
    expect(listen({ after: String(first + 15) }).sink.events).toHaveLength(5);
  });

  it('cuts one that does not read, and no other', () => {
    const { tell, listen, stream } = bench({ unreadBytes: 10_000 });
    const slow = listen().sink;
    const quick = listen().sink;
    slow.unread = 9_990;
    tell('madrid', { n: 1 });
    tell('madrid', { n: 2 });
    expect([slow.state, quick.state, stream.listeners]).toEqual(['cut', 'open', 1]);
    expect(slow.events).toHaveLength(1);
    expect(quick.events).toHaveLength(3);
  });

  it('pings, counts its listeners and ends them all', () => {
    const { clock, listen, stream } = bench({ listeners: 2 });
    const a = listen();
    const b = listen();
    expect(stream.full).toBe(true);
    b.leave();
    b.leave();
    expect(stream.full).toBe(false);
    clock.advance(45_000);
    expect(a.sink.text.split(': ping\n\n')).toHaveLength(4);
    stream.close();
    expect([a.sink.state, b.sink.state]).toEqual(['ended', 'open']);
    a.leave();
    clock.advance(60_000);
    expect(a.sink.text.split(': ping\n\n')).toHaveLength(4);
  });
});
