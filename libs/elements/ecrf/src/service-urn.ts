const SERVICE = 'urn:service:';
const TEST_LABEL = 'test';

/** Service URNs compare without case (RFC 5031 section 4.1). */
export function normalServiceUrn(urn: string): string {
  return urn.trim().toLowerCase();
}

/**
 * The services that can stand in for one, itself first, then each parent: `sos.police.x`, `sos.police`, `sos`
 * (RFC 5031 section 4.2). Test services (`sos.fire.test`, TS 103 698; `test.sos.fire`, RFC 6881 section 15) end at
 * the service they test.
 */
export function serviceCandidates(urn: string): string[] {
  const service = normalServiceUrn(urn);
  if (!service.startsWith(SERVICE)) return [service];
  const labels = service.slice(SERVICE.length).split('.');
  const candidates = withParents(labels);
  if (labels[0] === TEST_LABEL && labels.length > 1) {
    // Its own parents would be `test`, which is no service.
    return [service, ...withParents(labels.slice(1))];
  }
  return candidates;
}

function withParents(labels: readonly string[]): string[] {
  return labels.map((_, i) => SERVICE + labels.slice(0, labels.length - i).join('.'));
}

/** `urn:service:sos` of `urn:service:sos.fire`; a URN of another kind is its own. */
export function topLevelService(urn: string): string {
  return serviceCandidates(urn).at(-1) ?? urn;
}

/** The child of `parent` on the way to `urn`, where it lies below: `sos.fire` of `sos.fire.forest` under `sos`. */
export function childTowards(parent: string, urn: string): string | undefined {
  if (!urn.startsWith(`${parent}.`)) return undefined;
  const rest = urn.slice(parent.length + 1);
  return `${parent}.${rest.split('.', 1)[0] ?? rest}`;
}

/** RFC 5222 sections 10 and 11: the top-level services among `urns`, or those right below `service`. */
export function servicesBelow(urns: readonly string[], service: string | undefined): string[] {
  const parent = service === undefined ? undefined : normalServiceUrn(service);
  const names = urns.map((urn) => (parent === undefined ? topLevelService(urn) : childTowards(parent, urn)));
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}
