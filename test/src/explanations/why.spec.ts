import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readIdentifiers } from '@esinet/lmpe';
import { writePidfLo } from '@esinet/location';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller, type StartMessage } from '../caller.js';
import { run } from '../e2e/built-program.js';
import { type Lab, startLab } from '../lab.js';

interface Decision {
  readonly callId?: string;
  readonly sipCallId?: string;
  readonly uri?: string;
  readonly reason?: string;
  readonly boundary?: string;
  readonly outcome?: { readonly status: number; readonly uri?: string };
}

interface Told {
  readonly callId?: string;
  readonly screened: readonly { readonly traffic: string; readonly why: string }[];
  readonly decisions: readonly Decision[];
}

let lab: Lab;
let caller: Caller;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esinet-why-'));
  lab = await startLab();
  caller = await Caller.open(lab.port(15_060));
}, 60_000);
afterAll(async () => {
  await caller.close();
  await lab.close();
  await rm(folder, { recursive: true, force: true });
});

const pidfLo = writePidfLo({
  entity: 'pres:anna@app.lab',
  shape: { type: 'point', position: [-3.7038, 40.4168] },
  timestamp: '2026-01-01T12:00:00Z',
  retentionExpiry: '2999-01-02T12:00:00Z',
});
const located = (body: string) => ({
  headers: [['Geolocation', '<cid:loc>']] as const,
  parts: [
    {
      headers: [
        ['Content-Type', 'application/pidf+xml'],
        ['Content-ID', '<loc>'],
      ] as const,
      body,
    },
  ],
});

/** Calls for help, and gives the Call Identifier. */
async function called(o: StartMessage): Promise<string> {
  const { start } = await caller.start(o);
  return readIdentifiers(start.values('Call-Info')).callId ?? '';
}

const api = (path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${lab.port(8_080)}/api/calls${path}`, { headers });

async function explained(id: string): Promise<Told> {
  let told: Told | undefined;
  await until(async () => {
    const answer = await api(`/${encodeURIComponent(id)}/explanation`);
    if (answer.status !== 200) return false;
    told = (await answer.json()) as Told;
    return told.decisions.length > 0 && told.decisions.every(({ outcome }) => outcome !== undefined);
  });
  return told!;
}

describe('why a call went where it went', () => {
  it(
    'the operator finds border and router by Call Identifier and by Call-ID',
    { meta: { clause: 'TS 103 698 6.1.2.6' } },
    async () => {
      const callId = await called(located(pidfLo));
      const told = await explained(callId);
      expect(told).toMatchObject({
        callId,
        decisions: [
          {
            location: 'value',
            uri: lab.centre('madrid'),
            outcome: { status: 200, uri: lab.centre('madrid') },
            facts: { location: { type: 'point' } },
          },
        ],
      });
      expect(told.screened[0]).toMatchObject({ traffic: 'emergency', why: 'service urn' });
      const again = await explained(told.decisions[0]?.sipCallId ?? '');
      expect(again.callId).toBe(callId);
      const event = lab.events.find(
        ({ subject, payload }) => subject === 'events.esrp.routed' && payload['callId'] === callId,
      );
      expect(event?.payload).toMatchObject({
        uri: lab.centre('madrid'),
        boundary: told.decisions[0]?.boundary,
      });
      expect(JSON.stringify(event)).not.toMatch(/40\.4168|anna/);
    },
  );

  it(
    'a location that cannot be read: the default centre, the reason, and Geolocation-Error for the caller',
    { meta: { clause: ['RFC 6442 4.4', 'TS 103 698 6.1.2.6'] } },
    async () => {
      const callId = await called(located('<presence'));
      expect((await explained(callId)).decisions[0]).toMatchObject({
        location: 'none',
        geolocationError: 100,
        reason: 'location: unreadable',
        uri: lab.config.esrp.defaultPsap,
      });
    },
  );

  it('esinet why prints it, and the list', { timeout: 120_000 }, async () => {
    const callId = await called(located(pidfLo));
    await explained(callId);
    const at = ['--port-offset', String(lab.offset)];
    const [one, json, list, nobody] = await Promise.all([
      run(folder, ['why', callId, ...at]),
      run(folder, ['why', callId, '--json', ...at]),
      run(folder, ['why', ...at]),
      run(folder, ['why', 'urn:emergency:uid:callid:unknown:x', ...at]),
    ]);
    expect(one.code).toBe(0);
    expect(one.out).toMatch(/border .*emergency, forward/);
    expect(one.out).toMatch(/▶ sip:madrid@psap\.esinet\.internal {2}mapping, answered 200/);
    expect(one.out).toContain('· sip:default@psap.esinet.internal  default, not needed');
    expect((JSON.parse(json.out) as Told).callId).toBe(callId);
    expect(list.out).toContain(callId);
    expect(nobody.code).toBe(1);
  });

  it('is not told to a page in a browser', { meta: { clause: 'RFC 6280' } }, async () => {
    expect((await api('', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await api('/%zz/explanation')).status).toBe(404);
    expect((await api('/x')).status).toBe(404);
    expect((await api('?limit=1')).status).toBe(200);
    const { calls } = (await (await api('?limit=1')).json()) as { calls: Decision[] };
    expect(calls).toHaveLength(1);
    expect(JSON.stringify(calls)).not.toContain('facts');
  });
});
