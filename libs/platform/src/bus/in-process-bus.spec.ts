import { ManualClock } from '@esinet/kernel';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { InProcessBus } from './in-process-bus.js';
import { BusClient, BusServer } from './nest-transport.js';
import { subjectProblem, subjectToken } from './subject.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the bounds of the bus', () => {
  it('a subscriber that is too slow loses what comes on top, counted, and goes on afterwards', async () => {
    const bus = new InProcessBus({ limits: { maxPending: 10 } });
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const slow: unknown[] = [];
    const fast: unknown[] = [];
    const subscription = bus.subscribe('a', async (payload) => {
      await gate;
      slow.push(payload);
    });
    bus.subscribe('a', (payload) => void fast.push(payload));
    for (let i = 0; i < 30; i++) {
      bus.publish('a', i);
      await turn();
    }
    expect(fast).toHaveLength(30);
    expect(subscription.dropped).toBe(19);
    expect(bus.dropped).toBe(19);
    open();
    await turn();
    bus.publish('a', 'after');
    await turn();
    await turn();
    expect(slow).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 'after']);
  });

  it('requests on top of what a replier takes are refused at once, not left to time out', async () => {
    const bus = new InProcessBus({ limits: { maxPending: 2, maxConcurrentReplies: 2 } });
    bus.reply('a', () => new Promise(() => undefined));
    const outcomes: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      void bus.request('a', i, { timeoutMs: 60_000 }).catch((error: unknown) => outcomes.push(error));
      await turn();
    }
    expect(outcomes).toMatchObject([{ code: 'remote' }, { code: 'remote' }]);
    await bus.close();
  });

  it('times out by its clock and leaves no timer behind', async () => {
    const clock = new ManualClock();
    const bus = new InProcessBus({ clock });
    bus.reply('fast', () => Promise.resolve(1));
    bus.reply('never', () => new Promise(() => undefined));
    expect(await bus.request('fast', 1)).toBe(1);
    const waiting = bus.request('never', 1, { timeoutMs: 500 }).catch((error: unknown) => error);
    clock.advance(499);
    expect(clock.waiting).toBe(1);
    clock.advance(1);
    expect(await waiting).toMatchObject({ code: 'timeout' });
    expect(clock.waiting).toBe(0);
  });

  it('what a subscriber publishes to itself does not starve the process', async () => {
    const bus = new InProcessBus();
    let count = 0;
    bus.subscribe('loop', () => {
      count++;
      bus.publish('loop', 1);
    });
    bus.publish('loop', 1);
    for (let i = 0; i < 50; i++) await turn();
    const before = count;
    await bus.close();
    await turn();
    expect(before).toBeLessThan(50 * 65);
    expect(count).toBe(before);
  });
});

it('a subject token of any text is one token, and different texts stay different', () => {
  const texts = [
    'a.b',
    'a*',
    '>',
    '',
    'a b',
    'urn:emergency:uid:callid:x:esinet.lab',
    'é',
    'a\r\n',
    'a=2eb',
    '=',
  ];
  const tokens = texts.map(subjectToken);
  expect(new Set(tokens).size).toBe(texts.length);
  for (const token of tokens) {
    expect(subjectProblem(`events.${token}.x`), token).toBeUndefined();
    expect(token).not.toContain('.');
  }
});

@Controller()
class Lookups {
  readonly seen: unknown[] = [];

  @MessagePattern('lost.find')
  find(@Payload() payload: { service: string }): object {
    if (payload.service === 'bad') throw new Error('inside');
    return { uri: `sip:${payload.service}@psap` };
  }

  @MessagePattern('lost.many')
  many(): unknown {
    return of(1, 2, 3);
  }

  @EventPattern('events.*.decided')
  decided(@Payload() payload: unknown): void {
    this.seen.push(payload);
  }

  @EventPattern('events.*.decided')
  decidedToo(@Payload() payload: unknown): void {
    this.seen.push(['too', payload]);
  }
}

@Module({ controllers: [Lookups] })
class LookupModule {}

it('carries Nest’s message and event handlers', async () => {
  const bus = new InProcessBus();
  const app = await NestFactory.createMicroservice(LookupModule, {
    strategy: new BusServer(bus),
    logger: false,
  });
  await app.listen();
  const client = new BusClient(bus, 500);
  expect(await firstValueFrom(client.send('lost.find', { service: 'police' }))).toEqual({
    uri: 'sip:police@psap',
  });
  expect(await lastValueFrom(client.send('lost.many', {}))).toBe(3);
  await expect(firstValueFrom(client.send('lost.find', { service: 'bad' }))).rejects.toMatchObject({
    code: 'remote',
  });
  await expect(firstValueFrom(client.send('lost.nobody', {}))).rejects.toMatchObject({
    code: 'no-responders',
  });
  await lastValueFrom(client.emit('events.bcf.decided', { n: 1 }), { defaultValue: undefined });
  await turn();
  await turn();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(app.get(Lookups).seen).toEqual([{ n: 1 }, ['too', { n: 1 }]]);
  await app.close();
  await expect(bus.request('lost.find', {})).rejects.toMatchObject({ code: 'no-responders' });
  expect(() => bus.subscribe('still.open', () => undefined)).not.toThrow();
});
