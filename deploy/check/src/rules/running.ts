import type { IProbe } from 'kubernetes-models/v1/Probe';
import { type Manifest, elements, ofKind, selects, workloads } from '../manifest.js';
import { drainOf } from '../element-config.js';
import type { Rule } from '../rule.js';

export const memory: Rule = {
  name: 'memory',
  because: 'who is promised less memory than it may take is killed when others take theirs',
  broken: (manifests) =>
    workloads(manifests).flatMap(({ called, containers }) =>
      containers.flatMap(({ name, resources }) => {
        const { memory: asked } = resources?.requests ?? {};
        const { memory: most } = resources?.limits ?? {};
        if (most === undefined) return [`${called}: ${name} has no memory limit`];
        if (asked !== most)
          return [`${called}: ${name} asks for ${asked ?? 'no'} memory and may take ${most}`];
        return resources?.requests?.['cpu'] === undefined ? [`${called}: ${name} asks for no CPU`] : [];
      }),
    ),
};

const probeKinds = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const;

export const probes: Rule = {
  name: 'probes',
  because: 'calls go to who is ready, and who hangs is started again',
  broken: (manifests) => {
    const ours = new Set(elements(manifests).map(({ manifest }) => manifest));
    return workloads(manifests).flatMap(({ manifest, called, pod }) =>
      pod.containers.flatMap((container) => [
        ...probeKinds
          .filter((kind) => container[kind] === undefined)
          .map((kind) => `${called}: ${container.name} has no ${kind}`),
        ...(ours.has(manifest) && container.readinessProbe && pathOf(container.readinessProbe) !== '/readyz'
          ? [`${called}: readiness is not /readyz`]
          : []),
      ]),
    );
  },
};

/** F-rows of a server that is away must not become restarts of everybody. */
export const livenessAlone: Rule = {
  name: 'liveness-alone',
  because: 'a liveness probe that asks others restarts everybody when one of them is away',
  broken: (manifests) => {
    const ours = new Set(elements(manifests).map(({ manifest }) => manifest));
    return workloads(manifests).flatMap(({ manifest, called, pod }) =>
      pod.containers.flatMap(({ name, livenessProbe }) => {
        if (!livenessProbe) return [];
        if (livenessProbe.httpGet?.host !== undefined || livenessProbe.tcpSocket?.host !== undefined)
          return [`${called}: liveness of ${name} asks another host`];
        if (ours.has(manifest) && pathOf(livenessProbe) !== '/livez')
          return [`${called}: liveness of ${name} is not /livez`];
        return pathOf(livenessProbe) === '/readyz' ? [`${called}: liveness of ${name} is its readiness`] : [];
      }),
    );
  },
};

const pathOf = (probe: IProbe): string | undefined => probe.httpGet?.path;

/** RELIABILITY of F33: longer than Timer F (RFC 3261 17.1.2.2), and than the drain itself. */
const leastGraceSeconds = 45;

export const grace: Rule = {
  name: 'grace',
  because: 'a pod that is killed before its transactions are over loses them',
  broken: (manifests) =>
    elements(manifests).flatMap(({ name, called, pod }) => {
      const given = pod.terminationGracePeriodSeconds ?? 30;
      if (given < leastGraceSeconds) return [`${called}: ${given} s to end, ${leastGraceSeconds} s at least`];
      const { noticeMs, limitMs } = drainOf(manifests, name);
      const sleeps = pod.containers.map(({ lifecycle }) => lifecycle?.preStop?.sleep?.seconds ?? 0);
      const before = Math.max(0, ...sleeps);
      if (noticeMs === 0 && before === 0) return [`${called}: balancers get no notice of the end`];
      return before * 1_000 + limitMs >= given * 1_000
        ? [`${called}: preStop and drain take ${before + limitMs / 1_000} s, the pod has ${given} s`]
        : [];
    }),
};

/** As far as the set says: an autoscaler's least, else the replicas. */
function countOf(manifests: readonly Manifest[], name: string, replicas: number | undefined): number {
  const scaler = ofKind(manifests, 'HorizontalPodAutoscaler').find(
    ({ spec }) => (spec as { scaleTargetRef?: { name?: string } }).scaleTargetRef?.name === name,
  );
  return scaler ? ((scaler.spec as { minReplicas?: number }).minReplicas ?? 1) : (replicas ?? 1);
}

export const disruptionBudget: Rule = {
  name: 'disruption-budget',
  because: 'nodes are drained one after another, and one pod of a kind has to be there',
  broken: (manifests) => {
    const budgets = ofKind(manifests, 'PodDisruptionBudget').map(({ metadata, spec }) => ({
      name: metadata.name,
      ...(spec as { selector?: object; minAvailable?: unknown; maxUnavailable?: unknown }),
    }));
    const both = budgets
      .filter(
        ({ minAvailable, maxUnavailable }) => minAvailable !== undefined && maxUnavailable !== undefined,
      )
      .map(({ name }) => `PodDisruptionBudget ${name} has minAvailable and maxUnavailable`);
    const missing = elements(manifests)
      .filter(({ name, replicas }) => countOf(manifests, name, replicas) > 1)
      .filter(
        ({ labels }) =>
          !budgets.some((budget) => budget.minAvailable === 1 && selects(budget.selector, labels)),
      )
      .map(({ called }) => `${called} has no budget with minAvailable: 1`);
    return [...both, ...missing];
  },
};

export const rolling: Rule = {
  name: 'rolling',
  because: 'a new pod is ready before an old one goes',
  broken: (manifests) =>
    elements(manifests).flatMap(({ manifest, name, called, replicas }) => {
      if (manifest.kind !== 'Deployment') return [];
      const { strategy } = manifest.spec as {
        strategy?: { type?: string; rollingUpdate?: { maxUnavailable?: unknown; maxSurge?: unknown } };
      };
      // One that cannot be two at a time says so.
      if (strategy?.type === 'Recreate' && countOf(manifests, name, replicas) === 1) return [];
      const { maxUnavailable, maxSurge } = strategy?.rollingUpdate ?? {};
      return maxUnavailable === 0 && maxSurge !== undefined && maxSurge !== 0
        ? []
        : [`${called}: expected maxUnavailable: 0 and maxSurge: 1`];
    }),
};

/** For sets with more than one of a kind. */
export const twoOfEach: Rule = {
  name: 'two-of-each',
  because: 'any pod and any node may die',
  broken: (manifests) =>
    elements(manifests)
      .filter(({ name }) => name !== 'provider')
      .flatMap(({ name, called, pod, replicas }) => {
        if (countOf(manifests, name, replicas) < 2) return [`${called}: one pod only`];
        const apart = pod.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
        return apart.some(({ topologyKey }) => topologyKey === 'kubernetes.io/hostname')
          ? []
          : [`${called}: two pods may be on one node`];
      }),
};

export const spread: Rule = {
  name: 'spread',
  because: 'a node or a zone that goes takes as little as can be',
  broken: (manifests) =>
    elements(manifests).flatMap(({ called, labels, pod }) => {
      const over = (pod.topologySpreadConstraints ?? [])
        .filter(({ labelSelector }) => labelSelector !== undefined && selects(labelSelector, labels))
        .map(({ topologyKey }) => topologyKey);
      return ['topology.kubernetes.io/zone', 'kubernetes.io/hostname']
        .filter((key) => !over.includes(key))
        .map((key) => `${called} is not spread over ${key}`);
    }),
};

export const priority: Rule = {
  name: 'priority',
  because: 'where there is no room, other work gives way',
  broken: (manifests) => {
    const classes = new Set(ofKind(manifests, 'PriorityClass').map(({ metadata }) => metadata.name));
    return elements(manifests)
      .filter(({ pod }) => !classes.has(pod.priorityClassName ?? ''))
      .map(({ called, pod }) => `${called}: no priority class ${pod.priorityClassName ?? ''}`.trimEnd());
  },
};
