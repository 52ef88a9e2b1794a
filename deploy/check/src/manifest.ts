import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { parseAllDocuments } from 'yaml';

/** One object of Kubernetes as it stands in YAML. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * The objects of a YAML text, empty documents left out.
 *
 * @throws Error that names the document which is no object of Kubernetes
 */
export function readManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document, i): Manifest[] => {
    if ('empty' in document) return [];
    const [problem] = document.errors;
    if (problem) throw new Error(`document ${i + 1}: ${problem.message}`);
    const value = document.toJS() as Manifest | null;
    if (value === null) return [];
    if (typeof value.kind !== 'string' || typeof value.metadata?.name !== 'string')
      throw new Error(`document ${i + 1} is no object with kind and metadata.name`);
    return [value];
  });
}

/** `Deployment bcf`, as people say it. */
export const called = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;

/** What runs pods, and the pods it runs. */
export interface Workload {
  readonly manifest: Manifest;
  readonly called: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: IPodSpec;
  readonly containers: readonly IContainer[];
  readonly replicas: number | undefined;
}

interface WorkloadSpec {
  readonly replicas?: number;
  readonly template?: {
    readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
    readonly spec?: IPodSpec;
  };
  readonly jobTemplate?: { readonly spec?: WorkloadSpec };
}

export function workloads(manifests: readonly Manifest[]): Workload[] {
  return manifests.flatMap((manifest): Workload[] => {
    const outer = manifest.spec as WorkloadSpec | undefined;
    const spec = outer?.jobTemplate?.spec ?? outer;
    const pod = manifest.kind === 'Pod' ? (manifest.spec as IPodSpec) : spec?.template?.spec;
    if (!pod) return [];
    const labels =
      (manifest.kind === 'Pod' ? manifest.metadata.labels : spec?.template?.metadata?.labels) ?? {};
    const containers = [...(pod.initContainers ?? []), ...pod.containers];
    const { name } = manifest.metadata;
    return [{ manifest, called: called(manifest), name, labels, pod, containers, replicas: spec?.replicas }];
  });
}

/** The elements among them: images of ours. */
export const elementNames = ['bcf', 'esrp', 'ecrf', 'lis', 'psap', 'provider'] as const;

export const elements = (manifests: readonly Manifest[]): Workload[] =>
  workloads(manifests).filter(({ name }) => elementNames.some((element) => element === name));

export const ofKind = (manifests: readonly Manifest[], kind: string): Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

/** Whether all labels of a selector are among these. An empty selector takes everything. */
export function selects(
  selector:
    | {
        readonly matchLabels?: Readonly<Record<string, string>>;
        readonly matchExpressions?: readonly {
          readonly key: string;
          readonly operator: string;
          readonly values?: readonly string[];
        }[];
      }
    | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      if (operator === 'Exists') return value !== undefined;
      return value === undefined;
    })
  );
}
