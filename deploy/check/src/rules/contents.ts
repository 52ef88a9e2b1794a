import { type Manifest, called, ofKind, workloads } from '../manifest.js';
import type { Rule } from '../rule.js';

export const imageTag: Rule = {
  name: 'image-tag',
  because: 'what runs is what was chosen, also after a restart',
  broken: (manifests) =>
    workloads(manifests).flatMap(({ called, containers }) =>
      containers
        .filter(({ image = '' }) => {
          if (image.includes('@sha256:')) return false;
          const tag = /:([^/:]+)$/.exec(image)?.[1];
          return tag === undefined || tag === 'latest';
        })
        .map(({ image }) => `${called}: ${image ?? 'no image'} is no fixed version`),
    ),
};

/** For sets without an Internet. */
export const imageDigest: Rule = {
  name: 'image-digest',
  because: 'what was carried in is what runs',
  broken: (manifests) =>
    workloads(manifests).flatMap(({ called, containers }) =>
      containers
        .filter(({ image = '' }) => !/@sha256:[0-9a-f]{64}$/.test(image))
        .map(({ image }) => `${called}: ${image ?? 'no image'} is not by digest`),
    ),
};

export const pullSecret: Rule = {
  name: 'pull-secret',
  because: 'a private registry asks who pulls',
  broken: (manifests) => {
    const able = new Set(
      ofKind(manifests, 'ServiceAccount')
        .filter(
          (account) => ((account as { imagePullSecrets?: unknown[] }).imagePullSecrets ?? []).length > 0,
        )
        .map(({ metadata }) => metadata.name),
    );
    return workloads(manifests)
      .filter(
        ({ pod }) => (pod.imagePullSecrets ?? []).length === 0 && !able.has(pod.serviceAccountName ?? ''),
      )
      .map(({ called }) => `${called} has no imagePullSecrets`);
  },
};

const secretKey = /(^|[\s_.'"{,])(password|passwd|secret|nkeySeed|token|credentials)["']?\s*[:=]\s*\S/im;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const userInfo = /\w+:\/\/[^\s/:@]+:[^\s/@]+@/;

export const noSecrets: Rule = {
  name: 'no-secrets',
  because: 'config maps and variables are read by many; secrets stand in files of Secrets',
  broken: (manifests) => [
    ...ofKind(manifests, 'ConfigMap').flatMap((map) =>
      Object.entries(map.data ?? {})
        .filter(([, text]) => secretKey.test(text) || privateKey.test(text) || userInfo.test(text))
        .map(([key]) => `${called(map)}: ${key} holds a secret`),
    ),
    ...workloads(manifests).flatMap(({ called, containers }) =>
      containers.flatMap(({ env = [], args = [] }) => [
        ...env
          .filter(
            ({ name, value, valueFrom }) =>
              valueFrom?.secretKeyRef !== undefined ||
              (/PASSWORD|SECRET|SEED|TOKEN/i.test(name) && !/_FILE$/.test(name) && value !== undefined),
          )
          .map(({ name }) => `${called}: the variable ${name} holds a secret`),
        ...args.filter((arg) => secretKey.test(arg)).map(() => `${called}: an argument holds a secret`),
      ]),
    ),
  ],
};

export const live: Rule = {
  name: 'live-files',
  because: 'a file mounted by subPath never sees its renewal',
  broken: (manifests) =>
    workloads(manifests).flatMap(({ called, pod, containers }) =>
      containers.flatMap(({ volumeMounts = [] }) =>
        volumeMounts
          .filter(({ name, subPath, subPathExpr }) => {
            const volume = pod.volumes?.find((each) => each.name === name);
            return (
              (subPath ?? subPathExpr) !== undefined && (volume?.secret ?? volume?.configMap) !== undefined
            );
          })
          .map(({ name }) => `${called}: ${name} is mounted by subPath`),
      ),
    ),
};

/** Of these the operator brings the content; docs/deployment.md says how. */
export const fromOperator = {
  Secret: [
    ...['bcf-tls', 'esrp-tls', 'ecrf-tls', 'lis-tls', 'psap-tls', 'provider-tls'],
    ...['esinet-bus', 'esinet-store', 'esinet-records', 'esinet-shared'],
    ...['handover-tls', 'handover-keys'],
  ],
  ConfigMap: ['boundaries'],
} as const;

export const references: Rule = {
  name: 'references',
  because: 'a pod that names what is not there never starts',
  broken: (manifests) => {
    const known = (kind: 'Secret' | 'ConfigMap' | 'ServiceAccount'): Set<string> =>
      new Set([
        ...ofKind(manifests, kind).map(({ metadata }) => metadata.name),
        ...(kind === 'ServiceAccount' ? [] : fromOperator[kind]),
      ]);
    const [secrets, maps, accounts] = [known('Secret'), known('ConfigMap'), known('ServiceAccount')];
    return workloads(manifests).flatMap(({ manifest, called, pod, containers }) => {
      const missing: string[] = [];
      const want = (there: Set<string>, kind: string, name: string | undefined): void =>
        void (
          name !== undefined &&
          !there.has(name) &&
          missing.push(`${called} names the ${kind} ${name}, which is not there`)
        );
      want(accounts, 'ServiceAccount', pod.serviceAccountName);
      const claims = (manifest.spec as { volumeClaimTemplates?: Manifest[] }).volumeClaimTemplates ?? [];
      const volumes = new Set([
        ...(pod.volumes ?? []).map(({ name }) => name),
        ...claims.map(({ metadata }) => metadata.name),
      ]);
      for (const volume of pod.volumes ?? []) {
        want(secrets, 'Secret', volume.secret?.secretName);
        want(maps, 'ConfigMap', volume.configMap?.name);
      }
      for (const { envFrom = [], volumeMounts = [] } of containers) {
        for (const { configMapRef, secretRef } of envFrom) {
          want(maps, 'ConfigMap', configMapRef?.name);
          want(secrets, 'Secret', secretRef?.name);
        }
        for (const { name } of volumeMounts)
          if (!volumes.has(name)) missing.push(`${called} mounts ${name}, which is no volume`);
      }
      return missing;
    });
  },
};

/** Names that are not of hosts: of labels and kinds, of files, of the lab's SIP domains. */
const inside = /(\.internal|\.local|\.lab|\.json|\.yaml|\.geojson|\.pem)$/i;

/** For sets without an Internet: every host that is spoken to is of the site. */
export const noOutsideHosts: Rule = {
  name: 'no-outside-hosts',
  because: 'the site has no Internet',
  broken: (manifests) => [
    ...workloads(manifests).flatMap(({ called, containers }) =>
      containers.flatMap(({ image = '' }) => {
        const [registry = ''] = image.split('/');
        return inside.test(registry.split(':')[0] ?? '')
          ? []
          : [`${called}: ${image} is of a registry outside`];
      }),
    ),
    ...ofKind(manifests, 'ConfigMap')
      .filter(
        ({ data }) =>
          data?.['esinet.yaml'] !== undefined ||
          Object.keys(data ?? {}).some((key) => key.startsWith('ESINET__')),
      )
      .flatMap((map) =>
        Object.values(map.data ?? {}).flatMap((text) =>
          [
            ...text
              .replace(/^\s*#.*$/gm, '')
              .matchAll(/(?:\/\/|@|:|["'\s])((?:[a-z0-9-]+\.)+[a-z]{2,})(?=[:/"'\s\],]|$)/gim),
          ]
            .map(([, host = '']) => host)
            .filter((host) => !inside.test(host))
            .map((host) => `${called(map)} names ${host}`),
        ),
      ),
  ],
};
