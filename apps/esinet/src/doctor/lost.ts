import type { WhereAnswer } from '@esinet/element-app';
import type { Result } from '@esinet/kernel';
import { type Finding, fault, fine, warning } from './finding.js';

/** A place of which it is known who serves it. */
export interface KnownPlace {
  readonly longitude: number;
  readonly latitude: number;
  readonly service: string;
  /** SIP URI of the one who serves it; undefined where nobody here does, and other servers are asked. */
  readonly uri?: string;
  readonly name: string;
}

export interface LostPorts {
  /** The error of the Result: no answer came. */
  ask(url: string, place: KnownPlace): Promise<Result<WhereAnswer, string>>;
}

/** Whether the ECRF answers what its boundaries say, and whether its questions go in circles. RFC 5222 6 */
export async function checkLost(
  servers: readonly { readonly path: string; readonly url: string }[],
  places: readonly KnownPlace[],
  ports: LostPorts,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { path, url } of servers) {
    let right = 0;
    let slowest = 0;
    const before = findings.length;
    for (const place of places) {
      const answer = await ports.ask(url, place);
      if (!answer.ok) {
        const fix = `Start the ECRF, or correct ${path}; until then every call goes to the default PSAP.`;
        findings.push(fault(`${path}: ${answer.error}.`, fix));
        break;
      }
      slowest = Math.max(slowest, answer.value.milliseconds);
      const finding = judged(path, place, answer.value);
      if (finding) findings.push(finding);
      else right++;
    }
    if (findings.length > before) continue;
    const slow = slowest.toFixed(0);
    findings.push(
      fine(`${path}: ${url} gives the right answer for ${right} places, the slowest in ${slow} ms.`),
    );
  }
  return findings;
}

function judged(path: string, place: KnownPlace, answer: WhereAnswer): Finding | undefined {
  const at = `${place.latitude.toFixed(4)},${place.longitude.toFixed(4)}`;
  const where = `${path}: for ${place.name} at ${at}`;
  if (answer.kind === 'error') {
    if (answer.code === 'loop')
      return fault(
        `${where} the question goes round in a circle: ${answer.message || 'loop'}.`,
        'Two servers hold each other responsible: compare coverage and forestGuide of both.',
      );
    if (place.uri === undefined) return undefined;
    return fault(
      `${where} there is no mapping: ${answer.code}.`,
      'See whether the server has read its boundaries (GET /boundaries), and "esinet gis check" them.',
    );
  }
  if (answer.kind === 'redirect') return undefined;
  const twice = answer.path.find((source, i) => answer.path.indexOf(source) !== i);
  if (twice !== undefined)
    return fault(
      `${where} the question went through ${twice} twice: ${answer.path.join(' to ')}.`,
      'Two servers hold each other responsible: compare coverage and forestGuide of both.',
    );
  if (place.uri !== undefined && !answer.mapping.uris.includes(place.uri))
    return warning(
      `${where} the answer is ${answer.mapping.uris.join(' ')}, where the boundaries say ${place.uri}.`,
      'Areas overlap there, or the server has other boundaries than these files: "esinet gis check" tells overlaps.',
    );
  return undefined;
}
