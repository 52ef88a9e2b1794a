import { askWhere } from '@esinet/element-app';
import { parsePlace, parseService } from '../place.js';
import { bold, dim, exit, print, printJson, red, tell, yellow } from '../terminal.js';

export interface WhereOptions {
  readonly service: string;
  readonly lost?: string;
  readonly portOffset: number;
  readonly explain?: boolean;
  readonly json?: boolean;
}

/** `esinet where LAT,LON`: which centre serves a place, as the ECRF answers it. */
export async function where(place: string, o: WhereOptions): Promise<number> {
  const { latitude, longitude } = parsePlace(place);
  const service = parseService(o.service);
  const lost = o.lost ?? `http://127.0.0.1:${15_222 + o.portOffset}/lost`;
  const answer = await askWhere({ lost, latitude, longitude, service, boundary: o.explain === true });
  if (!answer.ok) {
    tell(red(`No answer from the ECRF: ${answer.error}`));
    tell(dim('Is the ESInet running (npm start)? Another ECRF is named by --lost URL.'));
    return exit.unreachable;
  }
  const found = answer.value;
  if (o.json) {
    printJson(found);
    return found.kind === 'mapping' ? exit.ok : exit.failed;
  }
  if (found.kind === 'error') {
    print(`${yellow(found.code)}  ${found.message}`);
    print(dim('A chat from there goes to the default centre of the ESRP.'));
    return exit.failed;
  }
  if (found.kind === 'redirect') {
    print(`${yellow('redirect')} to ${found.target}`);
    return exit.failed;
  }
  const { mapping } = found;
  print(`${bold(mapping.displayName[0]?.text ?? mapping.sourceId)}  ${mapping.uris.join(' ')}`);
  if (o.explain) {
    const vertices = (mapping.serviceBoundary ?? []).reduce(
      (sum, shape) =>
        sum + (shape.type === 'polygon' ? shape.rings.reduce((n, ring) => n + ring.length, 0) : 1),
      0,
    );
    print(`  service   ${mapping.service}${mapping.service === service ? '' : ` (asked for ${service})`}`);
    print(`  number    ${mapping.serviceNumber ?? 'none'}`);
    print(`  boundary  ${mapping.sourceId}, ${vertices} positions of its outline`);
    print(`  updated   ${mapping.lastUpdated}, valid until ${mapping.expires}`);
    print(`  path      ${found.path.join(' → ') || mapping.source}`);
    for (const warning of found.warnings) print(`  ${yellow(warning.code)}  ${warning.message}`);
    print(dim(`  answered in ${found.milliseconds.toFixed(1)} ms by ${lost}`));
  }
  return exit.ok;
}
