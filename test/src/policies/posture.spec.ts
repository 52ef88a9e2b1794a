import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePidfLo } from '@esinet/location';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Caller, type StartMessage } from '../caller.js';
import { type Lab, startLab } from '../lab.js';

/** A centre says that it is under attack, and the router's policy sends its calls elsewhere: from word to way. */

const folder = mkdtempSync(join(tmpdir(), 'esinet-posture-'));
let lab: Lab;
let caller: Caller;

beforeAll(async () => {
  writeFileSync(
    join(folder, 'madrid.json'),
    JSON.stringify({
      policyType: 'NormalNextHopRoutePolicy',
      policyOwner: 'esrp.esinet.lab',
      policyQueueName: 'sip:madrid@psap.esinet.internal',
      policyRules: [
        {
          id: 'red',
          priority: 10,
          conditions: [
            {
              conditionType: 'SecurityPostureCondition',
              service: 'PSAP@psap.esinet.internal',
              condition: 'EQ',
              value: 'Red',
            },
          ],
          actions: [
            {
              actionType: 'routeAction',
              recipientUri: 'sip:catalunya@psap.esinet.internal',
              cause: 'SecurityPosture',
            },
          ],
        },
      ],
    }),
  );
  lab = await startLab((config) => ({
    ...config,
    esrp: { ...config.esrp, policies: { ...config.esrp.policies, files: [folder], watch: false } },
  }));
  caller = await Caller.open(lab.port(15_060));
}, 60_000);
afterAll(async () => {
  await caller.close();
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

const inMadrid: StartMessage = {
  headers: [['Geolocation', '<cid:loc>']],
  parts: [
    {
      headers: [
        ['Content-Type', 'application/pidf+xml'],
        ['Content-ID', '<loc>'],
      ],
      body: writePidfLo({
        entity: 'pres:anna@app.lab',
        shape: { type: 'point', position: [-3.7038, 40.4168] },
        timestamp: '2026-01-01T12:00:00Z',
        retentionExpiry: '2999-01-02T12:00:00Z',
      }),
    },
  ],
};

async function say(state: Readonly<Record<string, string>>): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${lab.port(15_090)}/api/state`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(state),
  });
  expect(answer.status).toBe(200);
}

const centre = async (): Promise<string> => (await caller.start(inMadrid)).centre;

it(
  'a security posture that turns red moves the calls of a centre, and green brings them back',
  { meta: { clause: ['NENA-STA-010 3.3.3.1', 'RFC 6665 4.2.2'] } },
  async () => {
    expect(await centre()).toBe('madrid');

    await say({ posture: 'Red' });
    await until(async () => (await centre()) === 'catalunya');
    const explained = lab.events.findLast(({ subject }) => subject === 'events.esrp.routed');
    expect(explained?.payload).toMatchObject({ policy: { outcome: 'route' } });

    await say({ posture: 'Green' });
    await until(async () => (await centre()) === 'madrid');
  },
);
