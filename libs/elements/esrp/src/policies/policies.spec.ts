import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, type Logger, ManualClock, silentLogger, systemClock } from '@esinet/kernel';
import {
  HealthChecks,
  InProcessBus,
  PrometheusMetrics,
  type FastRequest,
  type FastResponse,
} from '@esinet/platform';
import { type RoutingFacts, describedRequest } from '@esinet/policy';
import { temporaryFolder, until } from '@esinet/testing';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type PoliciesConfig, policiesConfigSchema } from './config.js';
import { policyRoutes } from './policies-http.js';
import { Policies } from './policies.js';

let folder: string;
const logged: string[] = [];
const logger: Logger = {
  ...silentLogger,
  info: (text) => void logged.push(text),
  warn: (text) => void logged.push(text),
  error: (text) => void logged.push(text),
};

beforeEach(() => {
  folder = temporaryFolder('policies');
  logged.length = 0;
});

function policy(user: string, more: object = {}): Record<string, unknown> {
  return {
    policyType: 'NormalNextHopRoutePolicy',
    policyOwner: 'psap.example',
    policyQueueName: '*',
    policyRules: [
      {
        id: 'all',
        priority: 1,
        actions: [{ actionType: 'routeAction', recipientUri: `sip:${user}@psap.example` }],
      },
    ],
    ...more,
  };
}

const write = (name: string, json: object | string): void =>
  writeFileSync(join(folder, name), typeof json === 'string' ? json : JSON.stringify(json));

function open(o: Partial<PoliciesConfig> = {}, clock: Clock = new ManualClock()) {
  const config = policiesConfigSchema.parse({ files: [folder], watch: false, ...o });
  const metrics = new PrometheusMetrics();
  const health = new HealthChecks(clock);
  const policies = new Policies(config, {
    clock,
    logger,
    metrics,
    health,
    bus: new InProcessBus({ logger }),
  });
  onTestFinished(() => policies.onApplicationShutdown());
  return { policies, metrics, health };
}

function facts(): RoutingFacts {
  const request = describedRequest({ uri: 'urn:service:sos', headers: [] });
  if (!request.ok) throw new Error(request.error);
  const none = () => undefined;
  return {
    request: request.value,
    now: 0,
    normalNextHop: 'sip:madrid@psap.example',
    states: { element: none, service: none, queue: none },
  };
}

const goesTo = (policies: Policies): string => {
  const { outcome } = policies.evaluate(facts());
  return outcome.kind === 'route' ? outcome.recipientUri.slice(4).split('@')[0]! : outcome.kind;
};

describe('loading', () => {
  it('does nothing and says nothing without files', async () => {
    const { policies } = open({ files: [] });
    expect(policies.evaluate(facts())).toEqual({ outcome: { kind: 'none' }, trail: [], notify: [], log: [] });
    expect(logged).toEqual([]);
  });

  it('takes the files of a folder, and no others', async () => {
    write('a.json', policy('a'));
    write('notes.txt', 'no policy');
    write('.hidden.json', '{');
    expect(goesTo(open().policies)).toBe('a');
  });

  it('starts without what is broken, and without what needs it, and says so', async () => {
    const invoke = { actionType: 'invokePolicyAction', policyType: 'OtherRoutePolicy', policyId: 'gone' };
    write('a.json', policy('a'));
    write('b.json', '{ broken');
    write(
      'c.json',
      policy('c', { policyQueueName: 'sip:c@d', policyRules: [{ id: 'x', priority: 1, actions: [invoke] }] }),
    );
    const { policies, health } = open();
    expect(goesTo(policies)).toBe('a');
    expect(policies.last).toMatchObject({ result: 'refused', policies: 1 });
    expect((await health.report()).notes?.['policies']).toMatch(/b\.json:1: is no JSON/);
  });

  it('keeps the last good set whole when a new one is broken', async () => {
    write('a.json', policy('a'));
    const { policies, metrics } = open();
    write('a.json', policy('b'));
    write('z.json', policy('z', { policyType: 'nonsense' }));
    const done = await policies.reload('request');
    expect(done).toMatchObject({
      result: 'refused',
      problems: [{ path: 'policyType', file: join(folder, 'z.json') }],
    });
    expect(goesTo(policies)).toBe('a');
    rmSync(join(folder, 'z.json'));
    expect((await policies.reload('request')).result).toBe('ok');
    expect(goesTo(policies)).toBe('b');
    expect(await metrics.registry.metrics()).toContain(
      'esinet_esrp_policy_reloads_total{result="refused"} 1',
    );
  });

  it('reloads when a file changes, and not while it is being written', async () => {
    write('a.json', policy('a'));
    const { policies } = open({ watch: true, debounce: 20 }, systemClock);
    write('b.json', '{ "half');
    write('b.json', policy('b', { policyQueueName: 'sip:madrid@psap.example' }));
    await until(() => goesTo(policies) === 'b');
    rmSync(join(folder, 'b.json'));
    await until(() => goesTo(policies) === 'a');
  });

  it('takes no more than it is allowed to', async () => {
    write('a.json', policy('a'));
    write('b.json', policy('b', { policyQueueName: 'sip:b@c' }));
    expect(open({ maxPolicies: 1 }).policies.last?.problems[0]?.message).toBe(
      'there are 2 policies, 1 are allowed',
    );
  });

  it(
    'takes nothing unsigned where a key is configured, even if the key cannot be read',
    { meta: { clause: 'RFC 7515 5.2' } },
    () => {
      write('a.json', policy('a'));
      const key = join(folder, 'key.pem');
      expect(goesTo(open({ verificationKey: key }).policies)).toBe('none');
      writeFileSync(key, generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }));
      const { policies } = open({ verificationKey: key });
      expect(goesTo(policies)).toBe('none');
      expect(policies.last?.problems[0]?.message).toBe('is not signed');
    },
  );

  it('judges every call by one set while sets are swapped', async () => {
    write('a.json', policy('a'));
    const { policies } = open();
    const seen = new Set<string>();
    for (let i = 0; i < 50; i += 1) {
      write('a.json', policy(i % 2 === 0 ? 'b' : 'a'));
      const begun = policies.evaluate(facts());
      await policies.reload('file');
      seen.add(goesTo(policies));
      expect(begun.decidedBy?.rule).toBe('all');
    }
    expect([...seen].sort()).toEqual(['a', 'b']);
  });
});

describe('over HTTP', () => {
  const ask = async (
    policies: Policies,
    method: string,
    path: string,
    o: Partial<FastRequest> & { json?: unknown } = {},
  ) => {
    const { json, ...more } = o;
    const url = new URL(path, 'http://esrp.example');
    const handler = policyRoutes(policies)['/policies/']!;
    const answer: FastResponse = await handler({
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: {},
      body: Buffer.from(json === undefined ? '' : JSON.stringify(json)),
      remoteAddress: '127.0.0.1',
      clientNames: [],
      ...more,
    });
    return {
      status: answer.status,
      body: answer.body === undefined ? undefined : (JSON.parse(String(answer.body)) as never),
    };
  };
  const any = encodeURIComponent('*');

  it('lists what is in force, and gives one', async () => {
    write('a.json', policy('a'));
    const { policies } = open();
    expect(await ask(policies, 'GET', '/policies')).toMatchObject({
      status: 200,
      body: {
        last: { result: 'ok' },
        policies: [{ policyOwner: 'psap.example', rules: 1, signature: 'none' }],
      },
    });
    expect(await ask(policies, 'GET', `/policies/psap.example/${any}`)).toEqual({
      status: 200,
      body: policy('a'),
    });
    expect((await ask(policies, 'GET', '/policies/psap.example/other')).status).toBe(404);
  });

  it('is for this machine and whom the configuration names', async () => {
    const { policies } = open({ addresses: ['192.0.2.7'], names: ['ops.example'] });
    const status = async (o: Partial<FastRequest>): Promise<number> =>
      (await ask(policies, 'GET', '/policies', o)).status;
    expect(await status({ remoteAddress: '192.0.2.8' })).toBe(403);
    expect(await status({ remoteAddress: '::ffff:192.0.2.7' })).toBe(200);
    expect(await status({ remoteAddress: '192.0.2.8', clientNames: ['ops.example'] })).toBe(200);
    expect(await status({ headers: { origin: 'http://evil.example' } })).toBe(403);
  });

  it('reloads, and answers 422 with what is wrong', async () => {
    write('a.json', policy('a'));
    const { policies } = open();
    expect((await ask(policies, 'POST', '/policies/reload')).status).toBe(200);
    write('a.json', '{');
    expect(await ask(policies, 'POST', '/policies/reload')).toMatchObject({
      status: 422,
      body: { problems: [{ line: 1 }] },
    });
    expect(goesTo(policies)).toBe('a');
    expect((await ask(policies, 'GET', '/policies/reload')).status).toBe(405);
  });

  it('changes nothing unless that is configured', async () => {
    write('a.json', policy('a'));
    const { policies } = open();
    expect((await ask(policies, 'PUT', `/policies/psap.example/${any}`, { json: policy('b') })).status).toBe(
      405,
    );
    expect((await ask(policies, 'DELETE', `/policies/psap.example/${any}`)).status).toBe(405);
    expect(goesTo(policies)).toBe('a');
  });

  it('puts and deletes, and what it says is in the files', async () => {
    write('a.json', policy('a'));
    const { policies } = open({ api: true });
    expect(await ask(policies, 'PUT', `/policies/psap.example/${any}`, { json: policy('b') })).toEqual({
      status: 200,
      body: { result: 'replaced' },
    });
    expect(goesTo(policies)).toBe('b');
    expect(JSON.parse(readFileSync(join(folder, 'a.json'), 'utf8'))).toEqual(policy('b'));
    const madrid = 'sip:madrid@psap.example';
    const path = `/policies/psap.example/${encodeURIComponent(madrid)}`;
    expect(
      (await ask(policies, 'PUT', path, { json: policy('c', { policyQueueName: madrid }) })).status,
    ).toBe(201);
    expect(goesTo(policies)).toBe('c');
    expect(goesTo(open({ api: true }).policies)).toBe('c');
    expect((await ask(policies, 'DELETE', path)).status).toBe(200);
    expect(goesTo(policies)).toBe('b');
    expect(readdirSync(folder)).toEqual(['a.json']);
    expect((await ask(policies, 'DELETE', path)).status).toBe(404);
  });

  it('refuses what would not be good, and keeps nothing of it', async () => {
    write('a.json', policy('a'));
    const { policies } = open({ api: true });
    const put = (path: string, json: unknown) => ask(policies, 'PUT', `/policies/${path}`, { json });
    expect((await put(`psap.example/${any}`, policy('b', { policyRules: 'x' }))).status).toBe(422);
    expect(await put(`other.example/${any}`, policy('b'))).toMatchObject({
      status: 422,
      body: { reason: expect.stringContaining('not those of the request') as string },
    });
    const odd = policy('b', { policyQueueName: 'x/../../y' });
    expect((await put('psap.example/x%2F..%2F..%2Fy', odd)).status).toBe(201);
    expect(readdirSync(join(folder, '..'))).not.toContain('y');
    write('broken.json', '{');
    expect((await put(`psap.example/${any}`, policy('c'))).status).toBe(422);
    expect(JSON.parse(readFileSync(join(folder, 'a.json'), 'utf8'))).toEqual(policy('a'));
    expect(goesTo(policies)).toBe('a');
  });

  it('does not delete what another policy invokes', async () => {
    const invoke = { actionType: 'invokePolicyAction', policyType: 'OtherRoutePolicy', policyId: 'o' };
    write('a.json', policy('a', { policyRules: [{ id: 'x', priority: 1, actions: [invoke] }] }));
    write('o.json', {
      ...policy('o'),
      policyType: 'OtherRoutePolicy',
      policyId: 'o',
      policyQueueName: undefined,
    });
    const { policies } = open({ api: true });
    expect((await ask(policies, 'DELETE', '/policies/psap.example/o')).status).toBe(422);
    expect(goesTo(policies)).toBe('o');
  });
});
