import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@esinet/kernel';
import { type Bus, HealthChecks, InProcessBus, PrometheusMetrics } from '@esinet/platform';
import { temporaryFolder, until } from '@esinet/testing';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { policiesConfigSchema } from './config.js';
import { Policies } from './policies.js';
import { deletePolicy, putPolicy } from './policy-store.js';
import { PolicySpread } from './policy-spread.js';
import { isNewer, versionOf } from './policy-versions.js';

function document(user: string, id = 'normal'): string {
  return JSON.stringify({
    policyType: 'NormalNextHopRoutePolicy',
    policyOwner: 'psap.example',
    policyQueueName: `sip:${id}@psap.example`,
    policyRules: [
      {
        id: 'all',
        priority: 1,
        actions: [{ actionType: 'routeAction', recipientUri: `sip:${user}@psap.example` }],
      },
    ],
  });
}

const named = { owner: 'psap.example', id: 'sip:normal@psap.example' };

let bus: Bus;
beforeEach(() => {
  bus = new InProcessBus();
});

function router(name: string, folder = temporaryFolder('policies')) {
  const config = policiesConfigSchema.parse({ files: [folder], watch: false, share: true, shareEvery: 200 });
  const ports = { clock: systemClock, logger: silentLogger };
  const policies = new Policies(config, {
    ...ports,
    ...{ metrics: new PrometheusMetrics(), health: new HealthChecks(systemClock), bus },
  });
  const spread = new PolicySpread(policies, { ...ports, bus, instance: name });
  onTestFinished(() => spread.stop());
  const users = (): string[] =>
    policies.all.map(({ source }) => /sip:(\w+)@psap.example"\}\]/.exec(JSON.stringify(source))?.[1] ?? '');
  return { policies, spread, folder, users };
}

describe('policies of several routers', () => {
  it('what is put or deleted at one is soon in force at the other, once', async () => {
    const [a, b] = [router('a'), router('b')];
    const told: unknown[] = [];
    bus.subscribe('policy.changed', (payload) => void told.push(payload));
    expect(await putPolicy(a.policies, named, document('anna'))).toEqual({ result: 'created' });
    await until(() => b.users()[0] === 'anna');
    await putPolicy(b.policies, named, document('berta'));
    await until(() => a.users()[0] === 'berta');
    await deletePolicy(a.policies, named);
    await until(() => b.users().length === 0);
    expect(told.length).toBe(3);
  });

  it('one that starts late asks, and does not bring back what was deleted meanwhile', async () => {
    const a = router('a');
    await putPolicy(a.policies, named, document('anna'));
    const late = temporaryFolder('policies');
    writeFileSync(join(late, 'old.json'), document('old', 'other'));
    utimesSync(join(late, 'old.json'), 1_000, 1_000);
    await putPolicy(a.policies, { ...named, id: 'sip:other@psap.example' }, document('short', 'other'));
    await deletePolicy(a.policies, { ...named, id: 'sip:other@psap.example' });
    const b = router('b', late);
    await until(() => b.users().join() === 'anna');
    expect(a.users()).toEqual(['anna']);
    expect(readdirSync(late).filter((name) => name === 'old.json')).toEqual([]);
  });

  it('a file that the operator changes reaches the others, a deletion survives a restart', async () => {
    const [a, b] = [router('a'), router('b')];
    writeFileSync(join(a.folder, 'x.json'), document('file'));
    await a.policies.reload('file');
    await until(() => b.users()[0] === 'file');
    rmSync(join(a.folder, 'x.json'));
    await a.policies.reload('file');
    await until(() => b.users().length === 0);
    expect(existsSync(join(b.folder, '.deleted.json'))).toBe(true);
    b.spread.stop();
    const again = router('b', b.folder);
    expect(again.users()).toEqual([]);
  });

  it('takes nothing that is not a policy, not newer, or not what it says', async () => {
    const a = router('a');
    await putPolicy(a.policies, named, document('anna'));
    const at = Date.now() + 60_000;
    const good = document('evil');
    const change = (more: object): object => ({
      ...{ from: 'x', owner: named.owner, id: named.id, policyType: 'NormalNextHopRoutePolicy' },
      ...{ at, version: versionOf(good), document: good, ...more },
    });
    for (const bad of [
      null,
      17,
      {},
      change({ at: 1 }),
      change({ version: versionOf('else') }),
      change({ document: '{', version: versionOf('{') }),
      change({ id: 'sip:someone@else' }),
      change({ extra: 1 }),
      change({ at: 'now' }),
    ])
      bus.publish('policy.changed', bad);
    let done = false;
    bus.subscribe('end', () => void (done = true));
    bus.publish('end', 1);
    await until(() => done);
    await a.policies.inTurn(() => Promise.resolve());
    expect(a.users()).toEqual(['anna']);
    bus.publish('policy.changed', change({}));
    await until(() => a.users()[0] === 'evil');
  });

  it('of two changes at once all keep the same', () => {
    const [x, y] = [
      { at: 1, version: 'a' },
      { at: 1, version: 'b' },
    ];
    expect([isNewer(x, y), isNewer(y, x)]).toEqual([false, true]);
    expect(isNewer({ at: 5, version: null }, undefined)).toBe(false);
    expect(isNewer({ at: 5, version: 'a' }, { at: 4, version: null })).toBe(true);
  });
});
