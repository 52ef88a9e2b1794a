import type { Rule } from './rule.js';
import {
  imageDigest,
  imageTag,
  live,
  noOutsideHosts,
  noSecrets,
  pullSecret,
  references,
} from './rules/contents.js';
import { advertised, defaultDeny, everyInterface, openPorts, services } from './rules/network.js';
import { noToken, podSecurity, restricted } from './rules/restricted.js';
import {
  disruptionBudget,
  grace,
  livenessAlone,
  memory,
  priority,
  probes,
  rolling,
  spread,
  twoOfEach,
} from './rules/running.js';

/** Every set of manifests keeps to these. */
export const rules: readonly Rule[] = [
  ...[restricted, podSecurity, noToken, memory, probes, livenessAlone, grace, disruptionBudget, rolling],
  ...[spread, priority, defaultDeny, everyInterface, openPorts, services, advertised, imageTag, noSecrets],
  ...[live, references],
];

/** What holds through the death of a pod or a node keeps to these too. */
export const highlyAvailable: readonly Rule[] = [twoOfEach];

/** What runs without an Internet keeps to these too. */
export const airgapped: readonly Rule[] = [imageDigest, pullSecret, noOutsideHosts];
