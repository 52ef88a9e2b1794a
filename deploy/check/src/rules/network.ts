import { type Manifest, called, elements, ofKind, selects, workloads } from '../manifest.js';
import type { Rule } from '../rule.js';

interface PolicyPort {
  readonly port?: number | string;
  readonly protocol?: string;
}

interface PolicySpec {
  readonly podSelector?: object;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly {
    readonly from?: readonly unknown[];
    readonly ports?: readonly PolicyPort[];
  }[];
  readonly egress?: readonly { readonly to?: readonly unknown[]; readonly ports?: readonly PolicyPort[] }[];
}

const policies = (manifests: readonly Manifest[]): { name: string; spec: PolicySpec }[] =>
  ofKind(manifests, 'NetworkPolicy').map(({ metadata, spec }) => ({
    name: metadata.name,
    spec: (spec ?? {}) as PolicySpec,
  }));

export const defaultDeny: Rule = {
  name: 'default-deny',
  because: 'what no rule names goes nowhere',
  broken: (manifests) => {
    const denies = policies(manifests).some(
      ({ spec }) =>
        Object.keys(spec.podSelector ?? { none: true }).length === 0 &&
        ['Ingress', 'Egress'].every((type) => spec.policyTypes?.includes(type)) &&
        (spec.ingress ?? []).length === 0 &&
        (spec.egress ?? []).length === 0,
    );
    return denies ? [] : ['no NetworkPolicy takes every pod and lets nothing through'];
  },
};

/** The interfaces of TS 103 479, and what a cluster has beside them. */
export const interfaces = [
  ...['sip-1', 'sip-2', 'lost-1', 'lost-2', 'held-1', 'held-2', 'http-2', 'http-3'],
  ...['bus', 'store', 'records', 'metrics', 'desk', 'dns'],
] as const;

/** Those of what need not be there: the side of authorities of the hand-over. */
const optionalInterfaces = ['hi1'] as const;

export const everyInterface: Rule = {
  name: 'every-interface',
  because: 'one rule an interface, so that each can be read and changed by itself',
  broken: (manifests) => {
    const all = policies(manifests).filter(({ name }) => name !== 'default-deny');
    const of = (name: string): string | undefined =>
      [...interfaces, ...optionalInterfaces].find((each) => name === each || name.startsWith(`${each}-`));
    return [
      ...interfaces
        .filter((each) => !all.some(({ name }) => of(name) === each))
        .map((each) => `no NetworkPolicy for ${each}`),
      ...all
        .filter(({ name }) => of(name) === undefined)
        .map(({ name }) => `NetworkPolicy ${name} is for no interface we know`),
      ...all
        .filter(({ spec }) =>
          [...(spec.ingress ?? []), ...(spec.egress ?? [])].some(({ ports = [] }) => ports.length === 0),
        )
        .map(({ name }) => `NetworkPolicy ${name} lets every port through`),
    ];
  },
};

/** A port that a pod has and no rule opens is one nobody reaches. */
export const openPorts: Rule = {
  name: 'open-ports',
  because: 'each port of an element is opened by the rule of its interface',
  broken: (manifests) => {
    const all = policies(manifests);
    return elements(manifests).flatMap(({ called, labels, pod }) =>
      pod.containers.flatMap(({ ports = [] }) =>
        ports
          .filter(
            ({ name, containerPort }) =>
              !all.some(
                ({ spec }) =>
                  selects(spec.podSelector, labels) &&
                  (spec.ingress ?? []).some(({ ports = [] }) =>
                    ports.some(({ port }) => port === containerPort || (name !== undefined && port === name)),
                  ),
              ),
          )
          .map(({ containerPort }) => `${called}: no rule lets anybody in to ${containerPort}`),
      ),
    );
  },
};

export const services: Rule = {
  name: 'services',
  because: 'a service whose selector or port is wrong leads nowhere, without a word',
  broken: (manifests) =>
    ofKind(manifests, 'Service').flatMap((service) => {
      const { selector = {}, ports = [] } = service.spec as {
        selector?: Record<string, string>;
        ports?: { name?: string; targetPort?: number | string }[];
      };
      const behind = workloads(manifests).filter(({ labels }) => selects({ matchLabels: selector }, labels));
      if (behind.length === 0) return [`${called(service)} selects no pod`];
      const known = behind.flatMap(({ containers }) =>
        containers.flatMap(({ ports: open = [] }) =>
          open.flatMap(({ name, containerPort }) => [name, containerPort]),
        ),
      );
      return ports
        .filter(({ targetPort }) => !known.includes(targetPort))
        .map(({ targetPort }) => `${called(service)}: no pod has a port ${targetPort ?? ''}`);
    }),
};

/** Who listens on 0.0.0.0 has to say what others reach it by. The border says a name outside, by a variable. */
export const advertised: Rule = {
  name: 'advertised',
  because: 'Via, Record-Route and Contact lead back to this very pod',
  broken: (manifests) =>
    elements(manifests).flatMap(({ called, pod }) =>
      pod.containers.flatMap(({ args = [], ports = [], env = [] }) => {
        if (!ports.some(({ name }) => /(^|-)(tcp|udp|tls)$/.test(name ?? ''))) return [];
        const says = args.some((arg) => /\.advertise=\$\(POD_IP\)$/.test(arg));
        const knows = env.some(
          ({ name, valueFrom }) => name === 'POD_IP' && valueFrom?.fieldRef?.fieldPath === 'status.podIP',
        );
        return says && knows ? [] : [`${called} speaks SIP and does not advertise $(POD_IP)`];
      }),
    ),
};
