import { describe, expect, it } from 'vitest';
import { healthyManifests } from './healthy.js';
import { type Manifest, readManifests } from './manifest.js';
import { lint } from './rule.js';
import { airgapped, highlyAvailable, rules } from './rules.js';

const all = [...rules, ...highlyAvailable, ...airgapped];

type Json = Record<string, unknown>;

/** The value at a path of keys and indices, to be changed in place. */
function at(manifest: Manifest, path: string): Json {
  let value: unknown = manifest;
  for (const key of path.split('.').filter((each) => each !== '')) value = (value as Json)[key];
  return value as Json;
}

const pod = 'spec.template.spec';
const container = `${pod}.containers.0`;

/** Changes the object of that kind and name. */
function changed(kind: string, name: string, path: string, values: Json): Manifest[] {
  const manifests = healthyManifests();
  const manifest = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  if (!manifest) throw new Error(`no ${kind} ${name}`);
  Object.assign(at(manifest, path), values);
  return manifests;
}

const bcf = (path: string, values: Json): Manifest[] => changed('Deployment', 'bcf', path, values);
const without = (kind: string, name: string): Manifest[] =>
  healthyManifests().filter((each) => each.kind !== kind || each.metadata.name !== name);

/** By rule: what breaks it, and a word of the sentence that says so. */
const broken: Readonly<Record<string, readonly (readonly [string, Manifest[]])[]>> = {
  restricted: [
    ['may run as root', bcf(`${pod}.securityContext`, { runAsNonRoot: false })],
    ['no uid above 0', bcf(`${pod}.securityContext`, { runAsUser: 0 })],
    ['no seccomp profile', bcf(`${pod}.securityContext`, { seccompProfile: { type: 'Unconfined' } })],
    ['hostNetwork is on', bcf(pod, { hostNetwork: true })],
    ['is a hostPath', bcf(pod, { volumes: [{ name: 'config', hostPath: { path: '/' } }] })],
    ['can write its root', bcf(`${container}.securityContext`, { readOnlyRootFilesystem: false })],
    ['may gain privileges', bcf(`${container}.securityContext`, { allowPrivilegeEscalation: true })],
    ['keeps capabilities', bcf(`${container}.securityContext`, { capabilities: { drop: ['NET_RAW'] } })],
    [
      'adds capabilities',
      bcf(`${container}.securityContext`, { capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }),
    ],
    ['is privileged', bcf(`${container}.securityContext`, { privileged: true })],
    ['port of the node', bcf(`${container}.ports.0`, { hostPort: 5060 })],
  ],
  'pod-security': [
    [
      'does not enforce',
      changed('Namespace', 'esinet', 'metadata.labels', { 'pod-security.kubernetes.io/enforce': 'baseline' }),
    ],
    ['no namespace', without('Namespace', 'esinet')],
  ],
  'no-token': [
    ['mounts a service account token', bcf(pod, { automountServiceAccountToken: true })],
    ['no service account of its own', bcf(pod, { serviceAccountName: undefined })],
    ['gives a token', changed('ServiceAccount', 'bcf', '', { automountServiceAccountToken: true })],
    [
      'projects a service account token',
      bcf(pod, { volumes: [{ name: 'config', projected: { sources: [{ serviceAccountToken: {} }] } }] }),
    ],
  ],
  memory: [
    ['no memory limit', bcf(`${container}.resources`, { limits: {} })],
    ['may take 512Mi', bcf(`${container}.resources`, { requests: { cpu: '1', memory: '256Mi' } })],
    ['asks for no CPU', bcf(`${container}.resources`, { requests: { memory: '512Mi' } })],
  ],
  probes: [
    ['no startupProbe', bcf(container, { startupProbe: undefined })],
    ['no readinessProbe', bcf(container, { readinessProbe: undefined })],
    ['no livenessProbe', bcf(container, { livenessProbe: undefined })],
    ['not /readyz', bcf(container, { readinessProbe: { httpGet: { path: '/livez', port: 'http' } } })],
  ],
  'liveness-alone': [
    ['not /livez', bcf(container, { livenessProbe: { httpGet: { path: '/readyz', port: 'http' } } })],
    [
      'another host',
      bcf(container, { livenessProbe: { httpGet: { path: '/livez', port: 80, host: 'ecrf' } } }),
    ],
  ],
  grace: [
    ['30 s to end', bcf(pod, { terminationGracePeriodSeconds: 30 })],
    ['the pod has 45 s', bcf(pod, { terminationGracePeriodSeconds: 45 })],
    ['no notice', changed('ConfigMap', 'bcf-config', 'data', { 'esinet.yaml': 'drain: { limit: 35 s }' })],
  ],
  'disruption-budget': [
    ['no budget', without('PodDisruptionBudget', 'bcf')],
    ['minAvailable and maxUnavailable', changed('PodDisruptionBudget', 'bcf', 'spec', { maxUnavailable: 1 })],
    [
      'no budget',
      changed('PodDisruptionBudget', 'bcf', 'spec.selector', {
        matchLabels: { 'app.kubernetes.io/name': 'bfc' },
      }),
    ],
  ],
  rolling: [
    ['maxUnavailable: 0', bcf('spec.strategy', { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } })],
    ['maxUnavailable: 0', bcf('spec', { strategy: { type: 'Recreate' } })],
  ],
  spread: [
    [
      'not spread over kubernetes.io/hostname',
      bcf(`${pod}.topologySpreadConstraints.1`, { topologyKey: 'rack' }),
    ],
  ],
  priority: [['no priority class', without('PriorityClass', 'esinet-emergency')]],
  'default-deny': [
    ['no NetworkPolicy takes every pod', without('NetworkPolicy', 'default-deny')],
    [
      'no NetworkPolicy takes every pod',
      changed('NetworkPolicy', 'default-deny', 'spec', { policyTypes: ['Ingress'] }),
    ],
    ['no NetworkPolicy takes every pod', changed('NetworkPolicy', 'default-deny', 'spec', { egress: [{}] })],
  ],
  'every-interface': [
    ['no NetworkPolicy for held-2', without('NetworkPolicy', 'held-2')],
    ['for no interface we know', changed('NetworkPolicy', 'bus', 'metadata', { name: 'various' })],
    ['every port', changed('NetworkPolicy', 'bus', 'spec', { ingress: [{}] })],
  ],
  'open-ports': [
    [
      'in to 15099',
      bcf(container, {
        ports: [
          { name: 'http', containerPort: 15_960 },
          { name: 'inside-tcp', containerPort: 15_099 },
        ],
      }),
    ],
  ],
  services: [
    [
      'selects no pod',
      changed('Service', 'bcf', 'spec', { selector: { 'app.kubernetes.io/name': 'border' } }),
    ],
    ['no pod has a port sip-tls', changed('Service', 'bcf', 'spec.ports.0', { targetPort: 'sip-tls' })],
  ],
  advertised: [
    ['does not advertise', bcf(container, { args: [] })],
    ['does not advertise', bcf(container, { env: [] })],
  ],
  'image-tag': [
    ['no fixed version', bcf(container, { image: 'registry.site.internal/esinet/bcf:latest' })],
    ['no fixed version', bcf(container, { image: 'registry.site.internal:5000/esinet/bcf' })],
  ],
  'no-secrets': [
    [
      'holds a secret',
      changed('ConfigMap', 'bcf-config', 'data', { 'x.yaml': 'store: { password: hunter2 }' }),
    ],
    [
      'holds a secret',
      changed('ConfigMap', 'bcf-config', 'data', { 'x.yaml': 'url: postgres://me:hunter2@db/x' }),
    ],
    [
      'holds a secret',
      changed('ConfigMap', 'bcf-config', 'data', { 'x.pem': '-----BEGIN PRIVATE KEY-----' }),
    ],
    [
      'POSTGRES_PASSWORD holds a secret',
      bcf(container, { env: [{ name: 'POSTGRES_PASSWORD', value: 'x' }] }),
    ],
  ],
  'live-files': [['by subPath', bcf(`${container}.volumeMounts.1`, { subPath: 'tls.key' })]],
  references: [
    ['the Secret bfc-tls', bcf(`${pod}.volumes.1`, { secret: { secretName: 'bfc-tls' } })],
    ['the ConfigMap bcf-config', without('ConfigMap', 'bcf-config')],
    ['the ServiceAccount bcf', without('ServiceAccount', 'bcf')],
    ['mounts secrets, which is no volume', bcf(`${container}.volumeMounts.1`, { name: 'secrets' })],
  ],
  'two-of-each': [
    ['one pod only', bcf('spec', { replicas: 1 })],
    ['may be on one node', bcf(pod, { affinity: {} })],
  ],
  'image-digest': [['not by digest', bcf(container, { image: 'registry.site.internal/esinet/bcf:0.1.0' })]],
  'pull-secret': [['no imagePullSecrets', changed('ServiceAccount', 'bcf', '', { imagePullSecrets: [] })]],
  'no-outside-hosts': [
    ['registry outside', bcf(container, { image: `docker.io/esinet/bcf@sha256:${'a'.repeat(64)}` })],
    [
      'names ecrf.example.org',
      changed('ConfigMap', 'bcf-config', 'data', {
        'esinet.yaml': "ecrf: { url: 'https://ecrf.example.org/lost' }",
      }),
    ],
  ],
};

describe('the rules', () => {
  it('find nothing wrong with what is as it should be', () => {
    expect(lint(all, healthyManifests())).toEqual([]);
  });

  it('are each shown to find something', () => {
    expect(Object.keys(broken).sort()).toEqual(all.map(({ name }) => name).sort());
  });

  for (const rule of all) {
    for (const [sentence, manifests] of broken[rule.name] ?? []) {
      it(`${rule.name}: ${sentence}`, () => {
        expect(rule.broken(manifests).join('\n')).toContain(sentence);
      });
    }
  }
});

describe('reading manifests', () => {
  it('leaves out empty documents', () => {
    expect(readManifests('---\n# nothing\n---\nkind: Namespace\nmetadata: { name: a }\n')).toHaveLength(1);
  });

  it('says which document is no object', () => {
    expect(() => readManifests('kind: Namespace\nmetadata: { name: a }\n---\nfoo: 1\n')).toThrow(
      'document 2',
    );
    expect(() => readManifests('kind: [\n')).toThrow('document 1');
  });
});
