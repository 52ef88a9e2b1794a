import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, silentLogger } from '@esinet/kernel';
import { InProcessBus } from '@esinet/platform';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditEntry, AuditTrail } from './audit-trail.js';
import { BadActors } from './bad-actors.js';
import { badActorsConfigSchema } from './config.js';
import type { SourceKey } from './source-key.js';
import { SourceRegister } from './source-register.js';

const meta = { clause: 'NENA i3 BadActors' };
const eve: SourceKey = { origin: '192.0.2.66', identity: '192.0.2.66 eve', measured: '192.0.2.66' };
const anna: SourceKey = { origin: '192.0.2.1', identity: '192.0.2.1 anna', measured: '192.0.2.1' };

let clock: ManualClock;
let sources: SourceRegister;
let entries: AuditEntry[];
let bus: InProcessBus;

beforeEach(() => {
  clock = new ManualClock();
  sources = new SourceRegister({ clock, domain: 'bcf.example', rememberMs: 7_200_000, max: 100 });
  entries = [];
  bus = new InProcessBus({ logger: silentLogger, clock });
});
afterEach(() => bus.close());

function actors(config: object = {}): BadActors {
  const audit = {
    append: (entry: AuditEntry) => {
      entries.push(entry);
      return Promise.resolve();
    },
  };
  return new BadActors(badActorsConfigSchema.parse(config), { clock, bus, sources, audit });
}

describe('a measure', () => {
  it('ends by itself', { meta }, async () => {
    const made = actors({ duration: '1 min' });
    const id = sources.register(eve, 'call-1');
    expect(await made.report(id, 'psap')).toMatchObject({
      id,
      action: 'limit',
      address: '192.0.2.66',
      by: 'psap',
    });
    expect([made.of(eve)?.id, made.of(anna)]).toEqual([id, undefined]);
    clock.advance(59_999);
    expect(made.of(eve)).toBeDefined();
    clock.advance(1);
    expect([made.of(eve), made.size]).toEqual([undefined, 0]);
    expect(entries.map(({ what, by }) => [what, by])).toEqual([
      ['reported', 'psap'],
      ['ended', undefined],
    ]);
  });

  it('lasts longer when it is reported again, by whichever of its calls', { meta }, async () => {
    const made = actors({ duration: '1 min' });
    await made.report(sources.register(eve, 'call-1'), 'psap-a');
    clock.advance(50_000);
    const second = sources.register(eve, 'call-2');
    await made.report(second, 'psap-b');
    clock.advance(50_000);
    expect([made.of(eve)?.by, made.size]).toEqual(['psap-a', 1]);
    expect(entries.map(({ what }) => what)).toEqual(['reported', 'extended']);
    // And by whichever it is undone.
    expect(await made.undo(second, 'operator')).toBeDefined();
    expect([made.of(eve), made.list(), await made.undo(second, 'operator')]).toEqual([
      undefined,
      [],
      undefined,
    ]);
    clock.advance(60_000);
    expect(entries.map(({ what }) => what)).toEqual(['reported', 'extended', 'undone']);
  });

  it('can be undone after its source was forgotten', { meta }, async () => {
    sources = new SourceRegister({ clock, domain: 'bcf.example', rememberMs: 1_000, max: 100 });
    const made = actors();
    const id = sources.register(eve, 'call-1');
    await made.report(id, 'psap');
    clock.advance(1_001);
    expect(await made.report(id, 'psap')).toBeUndefined();
    expect(await made.undo(id, 'psap')).toMatchObject({ id });
  });

  it('gives way to newer ones when there are too many', { meta }, async () => {
    const made = actors({ max: 2 });
    for (let i = 0; i < 3; i++) {
      const origin = `192.0.2.${i}`;
      await made.report(sources.register({ origin, identity: origin, measured: origin }, 'call'), 'psap');
      clock.advance(1_000);
    }
    expect(made.list().map(({ address }) => address)).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('does nothing for whom nobody knows', { meta }, async () => {
    expect(await actors().report('abc@bcf.example', 'psap')).toBeUndefined();
    expect(entries).toEqual([]);
  });
});

describe('identifiers of sources', () => {
  it(
    'are one for each call, and the same for its repetitions',
    { meta: { clause: 'NENA i3 emergency-source' } },
    () => {
      const ids = [
        sources.register(eve, 'a'),
        sources.register(eve, 'a'),
        sources.register(eve, 'b'),
        sources.register(anna, 'a'),
      ];
      expect(new Set(ids).size).toBe(3);
      for (const id of ids) expect(id).toMatch(/^[a-z0-9]{32}@bcf\.example$/);
      expect(sources.find(ids[0] ?? '')).toEqual(eve);
    },
  );

  it('of one source do not push out those of others', { meta: { clause: 'RFC 3261 26.3.2.4' } }, () => {
    const id = sources.register(anna, 'a');
    for (let i = 0; i < 1_000; i++) sources.register(eve, `flood-${i}`);
    expect(sources.size).toBe(6);
    expect(sources.find(id)).toEqual(anna);
  });

  it(
    'are forgotten, the oldest first when there are too many',
    { meta: { clause: 'RFC 3261 26.3.2.4' } },
    () => {
      for (let i = 0; i < 500; i++)
        sources.register({ ...eve, origin: `192.0.2.${i}`, identity: `192.0.2.${i}` }, 'a');
      expect(sources.size).toBe(100);
      const id = sources.register(anna, 'a');
      clock.advance(7_200_001);
      expect(sources.find(id)).toBeUndefined();
    },
  );
});

describe('the audit trail', () => {
  const entry: AuditEntry = {
    at: '2026-11-29T00:00:00.000Z',
    what: 'reported',
    id: 'a@b',
    by: 'psap',
    action: 'limit',
    until: '2026-11-29T00:15:00.000Z',
  };

  it('is a bounded file, one line each', { meta }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-'));
    try {
      const file = join(folder, 'new', 'bad-actors.jsonl');
      const trail = new AuditTrail({ file, maxBytes: 1_000, logger: silentLogger });
      await Promise.all(Array.from({ length: 30 }, () => trail.append(entry)));
      expect((await stat(file)).size).toBeLessThanOrEqual(1_000);
      expect((await stat(`${file}.1`)).size).toBeLessThanOrEqual(1_000);
      const lines = (await readFile(file, 'utf8')).trim().split('\n');
      expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(entry);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('that cannot be written stops nothing', { meta }, async () => {
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (what: string) => void errors.push(what) };
    const trail = new AuditTrail({ file: '/dev/null/x/bad-actors.jsonl', maxBytes: 1_000, logger });
    await trail.append(entry);
    expect(errors).toEqual(['bad-actor-audit-failed']);
  });
});
