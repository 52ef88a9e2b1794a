import { durationOf } from '@esinet/platform';
import { parse } from 'yaml';
import { type Manifest, ofKind, workloads } from './manifest.js';

/** The name without the hash that kustomize puts behind it. */
export const withoutHash = (name: string): string => name.replace(/-[a-z0-9]{10}$/, '');

/** `esinet.yaml` of an element, from the ConfigMap its pod mounts; undefined where there is none. */
export function configTextOf(manifests: readonly Manifest[], element: string): string | undefined {
  const workload = workloads(manifests).find(({ name }) => name === element);
  const volume = workload?.pod.volumes?.find(({ name }) => name === 'config');
  const map = ofKind(manifests, 'ConfigMap').find(
    ({ metadata }) => metadata.name === volume?.configMap?.name,
  );
  return map?.data?.['esinet.yaml'];
}

/** Variables that a pod's ConfigMaps bring. */
export function variablesOf(manifests: readonly Manifest[], element: string): Record<string, string> {
  const workload = workloads(manifests).find(({ name }) => name === element);
  const names = (workload?.pod.containers ?? []).flatMap(({ envFrom = [] }) =>
    envFrom.map(({ configMapRef }) => configMapRef?.name),
  );
  const maps = ofKind(manifests, 'ConfigMap').filter(({ metadata }) => names.includes(metadata.name));
  return Object.assign({}, ...maps.map(({ data }) => data ?? {})) as Record<string, string>;
}

/** How long an element says it takes to end. */
export function drainOf(
  manifests: readonly Manifest[],
  element: string,
): { readonly noticeMs: number; readonly limitMs: number } {
  const text = configTextOf(manifests, element);
  const config = (text === undefined ? {} : parse(text)) as {
    drain?: { notice?: string; limit?: string };
  } | null;
  const { notice, limit } = config?.drain ?? {};
  return { noticeMs: durationOf(notice ?? 0) ?? 0, limitMs: durationOf(limit ?? '35 s') ?? 35_000 };
}
