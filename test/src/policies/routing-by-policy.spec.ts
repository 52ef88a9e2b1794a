import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePidfLo } from '@esinet/location';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Caller, type StartMessage } from '../caller.js';
import { type Lab, startLab } from '../lab.js';

/** Routing by policy end to end: a caller, the border, a router with policy files, the centres. */

let lab: Lab;
let caller: Caller;
const folder = mkdtempSync(join(tmpdir(), 'esinet-policies-'));

beforeAll(async () => {
  write(incoming([]));
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
beforeEach(() => reload(incoming([])));

type Json = Readonly<Record<string, unknown>>;

const madrid = 'sip:madrid@psap.esinet.internal';
const to = (centre: string): Json => ({
  actionType: 'routeAction',
  recipientUri: `sip:${centre}@psap.esinet.internal`,
  cause: 'Policy',
});
const priority = (content: string): Json => ({
  conditionType: 'SipHeaderCondition',
  field: 'Priority',
  operator: 'EQ',
  content,
});

function incoming(policyRules: readonly Json[], more: Json = {}): Json {
  return {
    policyType: 'OriginationRoutePolicy',
    policyOwner: 'esrp.esinet.lab',
    policyQueueName: '*',
    policyRules,
    ...more,
  };
}

function write(...policies: readonly Json[]): void {
  policies.forEach((policy, i) => writeFileSync(join(folder, `${i}.json`), JSON.stringify(policy)));
}

async function reload(...policies: readonly Json[]): Promise<number> {
  write(...policies);
  const answer = await fetch(`http://127.0.0.1:${lab.port(15_970)}/policies/reload`, { method: 'POST' });
  await answer.body?.cancel();
  return answer.status;
}

const located: StartMessage = {
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

const answeredBy = async (o: StartMessage = located): Promise<string> => (await caller.start(o)).centre;

describe('a call in Madrid', () => {
  it('goes to Madrid where no rule decides', { meta: { clause: 'NENA-STA-010 3.3.3' } }, async () => {
    expect(await answeredBy()).toBe('madrid');
  });

  it(
    'goes where the policy of its normal next hop says',
    { meta: { clause: ['NENA-STA-010 3.3.3.2.1', 'NENA-STA-010 3.3.3.1.5'] } },
    async () => {
      const square = [
        [-4, 40],
        [-3, 40],
        [-3, 41],
        [-4, 41],
        [-4, 40],
      ];
      const here = {
        conditionType: 'LocationCondition',
        location: [{ geojson: { type: 'Polygon', coordinates: [square] } }],
      };
      const rules = [{ id: 'here', priority: 1, conditions: [here], actions: [to('catalunya')] }];
      const policy = incoming(rules, { policyType: 'NormalNextHopRoutePolicy', policyQueueName: madrid });
      expect(await reload(policy)).toBe(200);
      expect(await answeredBy()).toBe('catalunya');
    },
  );

  it('is found by the last of a thousand rules', { meta: { clause: 'NENA-STA-010 3.3.3' } }, async () => {
    const rules = Array.from({ length: 1_000 }, (_, i) => ({
      id: `r${i}`,
      priority: 1_000 - i,
      ...(i < 999 && { conditions: [priority(`p${i}`)] }),
      actions: [to(i < 999 ? 'madrid' : 'galicia')],
    }));
    expect(await reload(incoming(rules))).toBe(200);
    expect(await answeredBy()).toBe('galicia');
    await until(() =>
      lab.events.some(
        ({ subject, payload }) =>
          subject === 'events.esrp.routed' && JSON.stringify(payload).includes('r999'),
      ),
    );
  });

  it('goes on by the last good rules when new ones are broken', async () => {
    await reload(incoming([{ id: 'all', priority: 1, actions: [to('catalunya')] }]));
    expect(await reload({ policyType: 'nonsense' })).toBe(422);
    expect(await answeredBy()).toBe('catalunya');
  });

  it('is answered, each by one set of rules, while sets are swapped', async () => {
    const sets = ['catalunya', 'galicia'].map((centre) =>
      incoming([{ id: 'all', priority: 1, actions: [to(centre)] }]),
    );
    await reload(sets[0]!);
    const seen = new Set<string>();
    for (let round = 0; round < 10; round += 1) {
      const [one, , two] = await Promise.all([answeredBy(), reload(sets[round % 2]!), answeredBy()]);
      seen.add(one).add(two);
    }
    expect([...seen].every((centre) => centre === 'catalunya' || centre === 'galicia')).toBe(true);
  });

  it(
    'is refused with 600 where a rule says busy',
    { meta: { clause: 'NENA-STA-010 3.3.3.2.2' } },
    async () => {
      await reload(incoming([{ id: 'busy', priority: 1, actions: [{ actionType: 'busyAction' }] }]));
      expect(await caller.send(located)).toBe(600);
    },
  );
});
