import type { CivicAddress, LocationValidation } from '@esinet/element-app';
import { askServices, askWhere } from '@esinet/element-app/where';
import { parsePlace, parseService } from '../place.js';
import { bold, dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';

export interface WhereOptions {
  readonly service: string;
  readonly lost?: string;
  readonly portOffset: number;
  readonly explain?: boolean;
  /** A server that is not responsible names the one that is, instead of asking it. */
  readonly iterative?: boolean;
  readonly services?: boolean;
  /** Ask by an address instead of a point. */
  readonly civic?: CivicAddress;
  /** With `civic`: what of the address is valid. */
  readonly validate?: boolean;
  readonly json?: boolean;
}

/** `esinet where LAT,LON` or `--civic`: which centre serves a place, as the ECRF answers it. */
export async function where(place: string | undefined, o: WhereOptions): Promise<number> {
  if ((place === undefined) === (o.civic === undefined))
    return wrongUse('Give a place, LATITUDE,LONGITUDE, or an address with --civic.');
  if (o.civic && o.services) return wrongUse('--services goes with LATITUDE,LONGITUDE.');
  if (o.validate && !o.civic) return wrongUse('--validate goes with --civic.');
  const { latitude, longitude } = place === undefined ? { latitude: 0, longitude: 0 } : parsePlace(place);
  const service = parseService(o.service);
  const lost = o.lost ?? `http://127.0.0.1:${15_222 + o.portOffset}/lost`;
  if (o.services) return services({ lost, latitude, longitude, service }, o);
  const at = o.civic ? { civic: o.civic, validate: o.validate === true } : { latitude, longitude };
  const iterative = o.iterative === true;
  const answer = await askWhere({ lost, ...at, service, boundary: o.explain === true, iterative });
  if (!answer.ok) return noAnswer(answer.error);
  const found = answer.value;
  if (o.json) {
    printJson(found);
    return found.kind === 'mapping' || (found.kind === 'redirect' && iterative) ? exit.ok : exit.failed;
  }
  if (found.kind === 'error') {
    print(`${yellow(found.code)}  ${found.message}`);
    print(dim('A chat from there goes to the default centre of the ESRP.'));
    return exit.failed;
  }
  if (found.kind === 'redirect') {
    print(`${yellow('redirect')} to ${found.target}`);
    if (o.explain) {
      print(`  by        ${found.source}, which answers for no boundary there itself`);
      print(
        dim(`  answered in ${found.milliseconds.toFixed(1)} ms by ${lost}; --lost URL asks another server`),
      );
    }
    return iterative ? exit.ok : exit.failed;
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
    print(
      o.civic
        ? `  boundary  ${mapping.sourceId}, the same for ${(mapping.civicBoundary ?? []).map(addressText).join(' or ') || 'nothing that can be said'}`
        : `  boundary  ${mapping.sourceId}, ${vertices} positions of its outline`,
    );
    print(`  updated   ${mapping.lastUpdated}, valid until ${mapping.expires}`);
    print(`  authority ${mapping.source}`);
    print(`  path      ${pathOf(found.path, mapping.source)}`);
    for (const warning of found.warnings) print(`  ${yellow(warning.code)}  ${warning.message}`);
    print(dim(`  answered in ${found.milliseconds.toFixed(1)} ms by ${lost}`));
  }
  if (o.civic && o.validate) printVerdicts(o.civic, found.validation);
  return exit.ok;
}

/** Each element with what the server says of it (RFC 5222 8.4.2); what it does not name was not checked. */
function printVerdicts(civic: CivicAddress, validation: LocationValidation | undefined): void {
  for (const { name, value } of civic.elements) {
    const verdict = validation?.valid.includes(name)
      ? green('valid')
      : validation?.invalid.includes(name)
        ? red('invalid')
        : dim('unchecked');
    print(`  ${name.padEnd(8)}  ${value.padEnd(28)}  ${verdict}`);
  }
}

function addressText(civic: CivicAddress): string {
  return civic.elements.map(({ name, value }) => `${name}=${value}`).join(',');
}

function wrongUse(reason: string): number {
  tell(red(reason));
  return exit.usage;
}

/** RFC 5222 6: the servers that the question went through, the one that was asked first. */
function pathOf(path: readonly string[], authority: string): string {
  if (path.length < 2) return path[0] ?? authority;
  return `${path.join(' → ')}, by recursion`;
}

function noAnswer(reason: string): number {
  tell(red(`No answer from the ECRF: ${reason}`));
  tell(dim('Is the ESInet running (npm start)? Another ECRF is named by --lost URL.'));
  return exit.unreachable;
}

/** The local service list (RFC 5222 11): the service itself where it is mapped, and what there is below it. */
async function services(
  q: {
    readonly lost: string;
    readonly latitude: number;
    readonly longitude: number;
    readonly service: string;
  },
  o: WhereOptions,
): Promise<number> {
  const list = await askServices(q);
  if (!list.ok) return noAnswer(list.error);
  if (list.value.kind !== 'services') {
    if (o.json) printJson(list.value);
    else if (list.value.kind === 'error') print(`${yellow(list.value.code)}  ${list.value.message}`);
    else print(`${yellow('redirect')} to ${list.value.target}`);
    return exit.failed;
  }
  const names = [...new Set([q.service, ...list.value.services])];
  const found: { service: string; centre: string; uris: readonly string[]; number?: string }[] = [];
  for (const service of names) {
    const answer = await askWhere({ ...q, service });
    if (!answer.ok) return noAnswer(answer.error);
    if (answer.value.kind !== 'mapping') continue;
    const { mapping } = answer.value;
    // Another service than was asked for: this one is not offered by itself.
    if (mapping.service !== service) continue;
    found.push({
      service,
      centre: mapping.displayName[0]?.text ?? mapping.sourceId,
      uris: mapping.uris,
      ...(mapping.serviceNumber !== undefined && { number: mapping.serviceNumber }),
    });
  }
  if (o.json) printJson(found);
  else if (found.length === 0) print(yellow('No service is offered there.'));
  for (const each of o.json ? [] : found) {
    print(
      `${bold(each.service.padEnd(24))} ${(each.number ?? '').padEnd(5)} ${each.centre}  ${each.uris.join(' ')}`,
    );
  }
  return found.length > 0 ? exit.ok : exit.failed;
}
