import { ManualClock } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { HealthChecks } from './health.js';
import { createLogger, textLine } from './logger.js';
import { PrometheusMetrics, maxSeries } from './metrics.js';

describe('log lines', () => {
  it('are one JSON object each, with the event, the element and the fields', () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) });
    logger.child({ element: 'bcf' }).warn('peer refused', { status: 403, reason: 'a\nb', gone: undefined });
    logger.debug('not at this level');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      event: 'peer refused',
      element: 'bcf',
      status: 403,
      reason: 'a\nb',
    });
  });

  it('for people stay one line, whatever a stranger sends', () => {
    const line = textLine(
      JSON.stringify({
        time: '2026-01-01T12:00:00.123Z',
        level: 'warn',
        event: 'odd\u001b[2J',
        element: 'bcf',
        reason: 'a b\r\nERROR forged \u2028 \u009b',
        status: 403,
        long: 'x'.repeat(1_000),
      }),
    );
    expect(line.indexOf('\n')).toBe(line.length - 1);
    for (const control of ['\u001b', '\r', '\u2028', '\u009b']) expect(line).not.toContain(control);
    expect(line).toMatch(/^12:00:00\.123 warn  bcf {6}odd\\u001b\[2J {2}reason="a b/);
    expect(line).toContain('status=403');
    expect(line.length).toBeLessThan(600);
  });

  it('silent is silent', () => {
    const lines: string[] = [];
    createLogger({ level: 'silent', write: (line) => lines.push(line) }).error('x');
    expect(lines).toEqual([]);
  });
});

describe('metrics', () => {
  it('have the prefix and one kind; asked for twice they are the same', async () => {
    const metrics = new PrometheusMetrics({ element: 'bcf' });
    metrics.counter('esinet_a_total', 'A', ['kind']).inc({ kind: 'x' });
    metrics.counter('esinet_a_total', 'A', ['kind']).inc({ kind: 'x' }, 2);
    metrics.counter('esinet_a_total', 'A', ['kind']).labelled({ kind: 'x' }).inc();
    metrics.histogram('esinet_b_seconds', 'B', [0.1, 1]).observe(0.5);
    metrics.gauge('esinet_c', 'C').set(7);
    const text = await metrics.text();
    expect(text).toContain('esinet_a_total{kind="x",element="bcf"} 4');
    expect(text).toContain('esinet_b_seconds_bucket{le="1",element="bcf"} 1');
    expect(text).toContain('esinet_c{element="bcf"} 7');
    expect(text).not.toContain('nodejs');
    expect(() => metrics.gauge('esinet_a_total', 'A')).toThrow('is a counter');
    for (const name of ['a_total', 'esinet_', 'esinet_A', 'esinet_a-b', 'esinet_a_']) {
      expect(() => metrics.counter(name, 'x')).toThrow('no metric name');
    }
  });

  it('cannot be made to grow without end by labels', async () => {
    const metrics = new PrometheusMetrics();
    const counter = metrics.counter('esinet_a_total', 'A', ['peer']);
    for (let i = 0; i < maxSeries + 500; i++) counter.inc({ peer: `10.0.0.${i}` });
    const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('esinet_a_total{'));
    expect(lines).toHaveLength(maxSeries + 1);
    expect(lines).toContain('esinet_a_total{peer="other"} 500');
  });

  it('count the process where asked to, with the delay of its event loop', async () => {
    const text = await new PrometheusMetrics({ process: true }).text();
    expect(text).toContain('esinet_process_resident_memory_bytes');
    expect(text).toContain('esinet_event_loop_delay_p99_seconds');
  });
});

describe('readiness', () => {
  it('a check that hangs or throws counts as failed, the others are still told', async () => {
    const clock = new ManualClock();
    const health = new HealthChecks(clock);
    health.register('good', () => Promise.resolve(undefined));
    health.register('hangs', () => new Promise(() => undefined));
    health.register('throws', () => {
      throw new Error('no database');
    });
    const report = health.report();
    await clock.run(1_000, 500);
    expect(await report).toEqual({
      ready: false,
      checks: { good: 'ok', hangs: 'no answer within 1000 ms', throws: 'no database' },
    });
    expect(clock.waiting).toBe(0);
  });

  it('ends when the element drains', async () => {
    const health = new HealthChecks(new ManualClock());
    expect((await health.report()).ready).toBe(true);
    health.drain();
    expect(await health.report()).toEqual({
      ready: false,
      checks: { drain: 'draining' },
    });
  });
});
