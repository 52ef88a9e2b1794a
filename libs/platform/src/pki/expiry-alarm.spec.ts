import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogFields, type Logger, ManualClock, silentLogger } from '@esinet/kernel';
import { expect, it, onTestFinished } from 'vitest';
import { PrometheusMetrics } from '../telemetry/metrics.js';
import { ExpiryAlarm, alarmStep } from './expiry-alarm.js';
import { ensureLabPki, loadTls } from './lab-pki.js';

const day = 86_400_000;

it.each([
  [31, undefined],
  [30, 30],
  [8, 30],
  [7, 7],
  [1, 1],
  [0.5, 1],
  [-1, 0],
])('%s days before the end the step is %s', (days, step) => {
  expect(alarmStep(days * day)).toBe(step);
});

it('tells of each step once, and shows the seconds left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'expiry-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await ensureLabPki({ folder });
  const tls = await loadTls(folder, 'bcf');
  const clock = new ManualClock(Date.now() + 360 * day);
  const told: string[] = [];
  const note = (level: string) => (event: string, fields?: LogFields) =>
    void told.push(`${level} ${String(fields?.['certificate'])}: ${event}`);
  const logger: Logger = { ...silentLogger, warn: note('warn'), error: note('error') };
  const alarm = new ExpiryAlarm({ clock, logger });
  const metrics = new PrometheusMetrics();
  alarm.measure(metrics);
  for (let days = 0; days < 42; days++) {
    alarm.look('bcf', tls);
    alarm.look('bcf', tls);
    clock.advance(day);
  }
  expect(told).toEqual([
    'warn bcf: certificate expires soon',
    'warn bcf: certificate expires soon',
    'error bcf: certificate expires within a day',
    'error bcf: certificate expired',
  ]);
  const text = await metrics.text();
  expect(text).toMatch(/esinet_certificate_expires_seconds\{certificate="bcf"\} -\d+/);
  expect(text).toMatch(/esinet_certificate_expires_seconds\{certificate="bcf-trust"\} \d+/);
});
