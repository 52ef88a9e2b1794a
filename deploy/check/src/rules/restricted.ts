import { ofKind, workloads } from '../manifest.js';
import type { Rule } from '../rule.js';

/** Kinds of volumes that Pod Security `restricted` lets pods have. */
const volumeKinds = new Set([
  ...[
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ],
]);

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a root that cannot be written. */
export const restricted: Rule = {
  name: 'restricted',
  because: 'who breaks into an element must not get further',
  broken: (manifests) =>
    workloads(manifests).flatMap(({ called, pod, containers }) => {
      const found: string[] = [];
      const say = (wrong: boolean, sentence: string): void =>
        void (wrong && found.push(`${called}: ${sentence}`));
      for (const key of ['hostNetwork', 'hostPID', 'hostIPC'] as const)
        say(pod[key] === true, `${key} is on`);
      for (const volume of pod.volumes ?? [])
        for (const kind of Object.keys(volume).filter((key) => key !== 'name'))
          say(!volumeKinds.has(kind), `volume ${volume.name} is a ${kind}`);
      for (const { name, securityContext = {}, ports = [] } of containers) {
        const { runAsNonRoot, runAsUser, seccompProfile, capabilities } = securityContext;
        say((runAsNonRoot ?? pod.securityContext?.runAsNonRoot) !== true, `${name} may run as root`);
        say((runAsUser ?? pod.securityContext?.runAsUser ?? 0) < 1, `${name} has no uid above 0`);
        const profile = (seccompProfile ?? pod.securityContext?.seccompProfile)?.type;
        say(profile !== 'RuntimeDefault' && profile !== 'Localhost', `${name} has no seccomp profile`);
        say(securityContext.privileged === true, `${name} is privileged`);
        say(securityContext.allowPrivilegeEscalation !== false, `${name} may gain privileges`);
        say(securityContext.readOnlyRootFilesystem !== true, `${name} can write its root`);
        say(!(capabilities?.drop ?? []).includes('ALL'), `${name} keeps capabilities`);
        say(
          (capabilities?.add ?? []).some((each) => each !== 'NET_BIND_SERVICE'),
          `${name} adds capabilities`,
        );
        say(
          ports.some(({ hostPort }) => hostPort !== undefined),
          `${name} takes a port of the node`,
        );
      }
      return found;
    }),
};

export const podSecurity: Rule = {
  name: 'pod-security',
  because: 'the cluster itself refuses what is not restricted',
  broken: (manifests) => {
    const namespaces = ofKind(manifests, 'Namespace');
    const found = namespaces
      .filter(({ metadata }) => metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted')
      .map(({ metadata }) => `namespace ${metadata.name} does not enforce restricted`);
    const known = new Set(namespaces.map(({ metadata }) => metadata.name));
    return [
      ...found,
      ...workloads(manifests)
        .filter(({ manifest }) => !known.has(manifest.metadata.namespace ?? ''))
        .map(({ called }) => `${called} is in no namespace of this set`),
    ];
  },
};

export const noToken: Rule = {
  name: 'no-token',
  because: 'no element asks the API of the cluster for anything',
  broken: (manifests) => [
    ...workloads(manifests).flatMap(({ called, pod }) => [
      ...(pod.automountServiceAccountToken === false ? [] : [`${called} mounts a service account token`]),
      ...(pod.serviceAccountName ? [] : [`${called} has no service account of its own`]),
      ...((pod.volumes ?? []).some((volume) =>
        volume.projected?.sources?.some((source) => source.serviceAccountToken !== undefined),
      )
        ? [`${called} projects a service account token`]
        : []),
    ]),
    ...ofKind(manifests, 'ServiceAccount')
      .filter(
        (account) =>
          (account as { automountServiceAccountToken?: boolean }).automountServiceAccountToken !== false,
      )
      .map(({ metadata }) => `ServiceAccount ${metadata.name} gives a token to whoever uses it`),
  ],
};
