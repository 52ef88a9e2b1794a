import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { exit } from '../terminal.js';
import { policyCheck } from './policy-check.js';
import { type PolicyTestOptions, policyTest } from './policy-test.js';

const samples = resolve(import.meta.dirname, '../../../../samples/policies');
const madrid = 'sip:madrid@psap.esinet.internal';
let shown = '';

beforeEach(() => {
  shown = '';
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      shown += String(text);
      return true;
    });
});
afterEach(() => vi.restoreAllMocks());

const says = (run: () => number): [number, string] => {
  shown = '';
  const code = run();
  return [code, shown.replace(/\u001b\[\d+m/g, '')];
};
const tried = (o: PolicyTestOptions): [number, string] => says(() => policyTest([samples], o));
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const noon = Date.parse('2026-03-02T12:00:00+01:00');

describe('the samples', () => {
  it('are good', () => {
    const [code, text] = says(() => policyCheck([samples], {}));
    expect([code, text]).toEqual([exit.ok, expect.stringContaining('All of them are good.')]);
  });

  it.each<[string, PolicyTestOptions, string]>([
    ['by day the centre itself', { at: noon }, 'none'],
    [
      'by night its neighbour',
      { at: Date.parse('2026-03-02T23:30:00+01:00') },
      'sip:catalunya@psap.esinet.internal',
    ],
    ["but not on New Year's Eve", { at: Date.parse('2026-12-31T23:30:00+01:00') }, 'none'],
    [
      'full: the neighbour',
      { at: noon, state: [`queue:${madrid}=Full`] },
      'sip:catalunya@psap.esinet.internal',
    ],
    [
      'both full: the default',
      { at: noon, state: [`queue:${madrid}=Full`, 'queue:sip:catalunya@psap.esinet.internal=full'] },
      'sip:default@psap.esinet.internal',
    ],
    [
      'red: the fallback',
      { at: noon, posture: ['PSAP@psap.esinet.internal=Red'] },
      'sip:default@psap.esinet.internal',
    ],
    ['tests have to wait when it is red', { uri: 'urn:service:test.sos', posture: ['Red'] }, 'busy'],
  ])('%s', (_, o, expected) => {
    const [code, text] = tried({ nextHop: madrid, expect: expected, ...o });
    expect(text).not.toContain('Expected');
    expect(code).toBe(exit.ok);
  });
});

it('shows the rule that decides below the rules that were not true, with what was not', () => {
  const [code, text] = tried({ nextHop: madrid, at: noon, state: [`queue:${madrid}=Full`] });
  expect(code).toBe(exit.ok);
  const lines = text.split('\n').map((line) => line.split('  not true')[0]!.trimEnd());
  expect(lines.slice(2, 12).map((line) => line.replace(/(?<=\S) {2}(?=[A-Z]).*/, ''))).toEqual([
    '  OriginationRoutePolicy *',
    '  ├─ ✗ test-call 900',
    '  ├─ ✗ suspicious 800',
    '  └─ ✓ normal 0  invokePolicyAction',
    `     NormalNextHopRoutePolicy ${madrid}`,
    '     ├─ ✗ red-posture 500',
    '     ├─ ✗ centre-down 400',
    '     └─ ✓ full 300  logAction, invokePolicyAction',
    '        overflow-of-madrid',
    '        ├─ ✗ neighbour-full 20',
  ]);
  expect(text).toContain(
    'not true: state of queue sip:catalunya@psap.esinet.internal EQ Full: nothing was heard of it',
  );
  expect(text).toContain(
    'goes to sip:catalunya@psap.esinet.internal  cause QueueFull  by rule neighbour (10)',
  );
});

it('takes a whole request from a file, saved with any line ends', () => {
  const file = join(temporaryFolder(), 'call.sip');
  writeFileSync(
    file,
    'MESSAGE urn:service:test.sos SIP/2.0\nVia: SIP/2.0/TCP a.invalid;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <urn:service:sos>\nCall-ID: 1\nCSeq: 1 MESSAGE\nMax-Forwards: 70\nContent-Length: 999\n\nhello\n',
  );
  expect(tried({ request: file, posture: ['Red'], expect: 'busy' })[0]).toBe(exit.ok);
  expect(tried({ request: file, uri: 'urn:service:sos' })).toEqual([
    exit.usage,
    expect.stringContaining('--request'),
  ]);
  writeFileSync(file, 'hello');
  expect(tried({ request: file })).toEqual([exit.usage, expect.stringContaining('is no SIP message')]);
});

it('ends with 1 where a call goes elsewhere, and gives JSON to programs', () => {
  const [code, text] = tried({ nextHop: madrid, at: noon, expect: 'busy' });
  expect([code, text]).toEqual([exit.failed, expect.stringContaining('Expected busy, not none.')]);
  const [failed, json] = tried({ nextHop: madrid, at: noon, expect: 'busy', json: true });
  expect(failed).toBe(exit.failed);
  expect(JSON.parse(json)).toMatchObject({ outcome: { kind: 'none' }, met: false });
});

it('says what is wrong with an option', () => {
  expect(tried({ state: ['psap=Full'] })).toEqual([exit.usage, expect.stringContaining('KIND:NAME=VALUE')]);
  expect(tried({ state: [`queue:${madrid}=Empty`] })[1]).toContain('Empty is none of Active');
  expect(tried({ posture: ['Pink'] })[1]).toContain('Green|Yellow|Orange|Red');
  expect(tried({ radius: -1 })[0]).toBe(exit.usage);
});

it('tells problems with their place, and unreadable files by their own exit code', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'bad.json');
  writeFileSync(file, '{\n "policyType": "Nonsense"\n}');
  const [code, text] = says(() => policyCheck([file], {}));
  expect(code).toBe(exit.failed);
  expect(text).toContain(`${file}:2: policyType: is not known, found "Nonsense"`);
  expect(says(() => policyTest([file], {}))[0]).toBe(exit.failed);
  expect(says(() => policyCheck([join(folder, 'gone.json')], {}))[0]).toBe(exit.unreachable);
});
