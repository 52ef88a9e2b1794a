import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IPriorityClass } from 'kubernetes-models/scheduling.k8s.io/v1/PriorityClass';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { INamespace } from 'kubernetes-models/v1/Namespace';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { type Manifest } from './manifest.js';
import { interfaces } from './rules/network.js';

const labels = { 'app.kubernetes.io/name': 'bcf' };
const namespace = 'esinet';

const deployment = () =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'bcf', namespace },
    spec: {
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'bcf',
          automountServiceAccountToken: false,
          priorityClassName: 'esinet-emergency',
          terminationGracePeriodSeconds: 60,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 10_001,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
            (topologyKey) => ({
              ...{ maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway' },
              labelSelector: { matchLabels: labels },
            }),
          ),
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } },
              ],
            },
          },
          containers: [
            {
              name: 'bcf',
              image: `registry.site.internal/esinet/bcf@sha256:${'a'.repeat(64)}`,
              args: ['--config', '/etc/esinet/esinet.yaml', '--set', 'bcf.private.advertise=$(POD_IP)'],
              env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
              ports: [
                { name: 'http', containerPort: 15_960 },
                { name: 'inside-tcp', containerPort: 15_062 },
              ],
              startupProbe: { httpGet: { path: '/livez', port: 'http' } },
              readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
              livenessProbe: { httpGet: { path: '/livez', port: 'http' } },
              resources: { requests: { cpu: '500m', memory: '512Mi' }, limits: { memory: '512Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [
                { name: 'config', mountPath: '/etc/esinet' },
                { name: 'pki', mountPath: '/run/esinet/pki' },
              ],
            },
          ],
          volumes: [
            { name: 'config', configMap: { name: 'bcf-config' } },
            { name: 'pki', secret: { secretName: 'bcf-tls' } },
          ],
        },
      },
    },
  }) satisfies IDeployment;

const policy = (name: string) =>
  ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: {
      podSelector: { matchLabels: labels },
      policyTypes: ['Ingress'],
      ingress: [
        {
          ports: [
            { protocol: 'TCP', port: 15_960 },
            { protocol: 'TCP', port: 15_062 },
          ],
        },
      ],
    },
  }) satisfies INetworkPolicy;

const others = () => [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  } satisfies INamespace,
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'bcf', namespace },
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: 'registry-site' }],
  } satisfies IServiceAccount,
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'esinet-emergency' },
    value: 1_000_000,
  } satisfies IPriorityClass,
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'bcf-config', namespace },
    data: {
      'esinet.yaml':
        "drain: { notice: 5 s, limit: 45 s }\nbus: { servers: ['nats://nats.site.internal:4222'] }\n" +
        'store: { passwordFile: /run/esinet/store/password }\n',
    },
  } satisfies IConfigMap,
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'bcf', namespace },
    spec: { selector: labels, ports: [{ name: 'sip', port: 15_062, targetPort: 'inside-tcp' }] },
  } satisfies IService,
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'bcf', namespace },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  } satisfies IPodDisruptionBudget,
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'default-deny', namespace },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  } satisfies INetworkPolicy,
  ...interfaces.map(policy),
];

/** One element as it should be: what the rules are shown to find is a change of this. */
export function healthyManifests(): Manifest[] {
  return structuredClone([deployment(), ...others()]) as Manifest[];
}
