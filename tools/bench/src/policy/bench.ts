import { cpuUsage } from 'node:process';
import {
  type PolicySet,
  type RoutingFacts,
  describedRequest,
  evaluatePolicies,
  formatPolicyProblem,
  policySet,
  readPolicy,
} from '@esinet/policy';
import { row } from '../ecrf/index-measure.js';

export interface PolicyBenchOptions {
  readonly rules: number;
  readonly calls: number;
  readonly json: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** One condition of each kind that is not true of the call below, the n-th unlike all others. */
const kinds: Readonly<Record<string, (n: number) => Json>> = {
  header: (n) => ({
    conditionType: 'SipHeaderCondition',
    field: 'Priority',
    operator: 'EQ',
    content: `p${n}`,
  }),
  uri: (n) => ({ conditionType: 'RequestUriCondition', operator: 'EQ', content: `sip:n${n}@psap.example` }),
  state: (n) => ({
    conditionType: 'QueueStateCondition',
    queue: `sip:q${n}@psap.example`,
    condition: 'EQ',
    value: 'Full',
  }),
  time: (n) => ({
    conditionType: 'TimePeriodCondition',
    timeZone: 'Europe/Madrid',
    timeStart: `01:${String(n % 60).padStart(2, '0')}:${String(Math.floor(n / 60) % 60).padStart(2, '0')}`,
    timeEnd: '04:00:00',
  }),
  location: (n) => {
    const [x, y] = [-9 + (n % 40) * 0.1, 36 + Math.floor(n / 40) * 0.1];
    const ring = [
      [x, y],
      [x + 0.1, y],
      [x + 0.1, y + 0.1],
      [x, y + 0.1],
      [x, y],
    ];
    return {
      conditionType: 'LocationCondition',
      location: [{ label: `cell ${n}`, geojson: { type: 'Polygon', coordinates: [ring] } }],
    };
  },
  cap: (n) => ({ conditionType: 'CapCondition', tag: 'Identifier', operator: 'EQ', content: `alert-${n}` }),
};

const alert = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>a</identifier><sender>s</sender><info><event>e</event></info></alert>`;

/** Milliseconds a call of policies that are looked at to the last rule, which is the one that decides. */
export function policyBench(o: PolicyBenchOptions): number {
  const names = Object.keys(kinds);
  const mixed = (n: number): Json => kinds[names[n % names.length] ?? 'header']!(n);
  const results = [...Object.entries(kinds), ['mixed', mixed] as const].map(([name, condition]) =>
    measure(name, setOf(o.rules, condition), o.calls),
  );
  if (o.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else {
    process.stdout.write(
      `${o.rules} rules, each with a condition unlike all others, ${o.calls} calls; ms a call\n`,
    );
    for (const { name, p50, p99, max, cpu } of results)
      process.stdout.write(
        row(name, p50.toFixed(3), `p99 ${p99.toFixed(3)}  max ${max.toFixed(3)}  CPU ${cpu.toFixed(3)}`),
      );
  }
  const slow = results.filter(({ p50 }) => p50 > 1);
  for (const { name } of slow) process.stderr.write(`${name}: more than a millisecond\n`);
  return slow.length > 0 ? 1 : 0;
}

interface Measured {
  readonly name: string;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Processor time, which others on the machine do not add to. */
  readonly cpu: number;
}

function measure(name: string, set: PolicySet, calls: number): Measured {
  const facts = callFacts();
  const times: number[] = [];
  for (let i = 0; i < Math.min(calls, 200); i += 1) evaluatePolicies(set, facts);
  const before = cpuUsage();
  for (let i = 0; i < calls; i += 1) {
    const began = performance.now();
    const { outcome } = evaluatePolicies(set, facts);
    times.push(performance.now() - began);
    if (outcome.kind !== 'route') throw new Error(`${name}: the last rule did not decide`);
  }
  const { user, system } = cpuUsage(before);
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { name, p50: at(0.5), p99: at(0.99), max: at(1), cpu: (user + system) / 1_000 / calls };
}

function setOf(rules: number, condition: (n: number) => Json): PolicySet {
  const policyRules = Array.from({ length: rules }, (_, n) => ({
    id: `r${n}`,
    priority: rules - n,
    ...(n < rules - 1 && { conditions: [condition(n)] }),
    actions: [{ actionType: 'routeAction', recipientUri: 'sip:a@psap.example' }],
  }));
  const policy = readPolicy(
    JSON.stringify({
      policyType: 'OriginationRoutePolicy',
      policyOwner: 'esrp.example',
      policyQueueName: '*',
      policyRules,
    }),
    { limits: { maxRules: rules, maxBytes: 1 << 30 } },
  );
  if (!policy.ok) throw new Error(policy.error.map(formatPolicyProblem).join('\n'));
  const set = policySet([policy.value]);
  if (!set.ok) throw new Error(set.error.map(formatPolicyProblem).join('\n'));
  return set.value;
}

function callFacts(): RoutingFacts {
  const request = describedRequest({
    uri: 'urn:service:sos',
    headers: [
      ['Priority', 'emergency'],
      ['Content-Type', 'application/EmergencyCallData.cap+xml'],
    ],
    body: alert,
  });
  if (!request.ok) throw new Error(request.error);
  const active = (queueUri: string) =>
    ({ queueUri, queueLength: 0, queueMaxLength: 9, state: 'Active' }) as const;
  return {
    request: request.value,
    now: Date.parse('2026-03-02T12:00:00Z'),
    incomingQueue: 'sip:sos@esrp.example',
    location: { type: 'circle', center: [-3.7, 40.4], radius: 100 },
    states: { element: () => undefined, service: () => undefined, queue: active },
  };
}
