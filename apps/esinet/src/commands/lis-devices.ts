import { readFile } from 'node:fs/promises';
import { messageOf } from '@esinet/kernel';
import type { Place } from '../place.js';
import { bold, dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';
import { LisClient, type LisDevice, type LisPlace, type LisProblem, type LisRefusal } from './lis-client.js';

/** The port of the lab's LIS. */
export const labLisPort = 15_985;
/** Devices asked for at once, and problems shown. */
const PAGE = 1_000;
const MAX_SHOWN = 20;

export interface LisOptions {
  readonly url?: string;
  readonly portOffset: number;
  readonly json?: boolean;
}

export const lisUrl = (o: LisOptions): string => o.url ?? `http://127.0.0.1:${labLisPort + o.portOffset}`;

const clientOf = (o: LisOptions): LisClient => new LisClient(lisUrl(o));

/** `esinet lis ls`: what the LIS knows. */
export async function lisList(
  o: LisOptions & { readonly identifier?: string; readonly limit: number },
): Promise<number> {
  const client = clientOf(o);
  const devices: LisDevice[] = [];
  let after: string | undefined;
  do {
    const page = await client.devices({
      limit: Math.min(PAGE, o.limit - devices.length),
      ...(o.identifier === undefined ? {} : { identifier: o.identifier }),
      ...(after === undefined ? {} : { after }),
    });
    if (!page.ok) return refused(page.error, o);
    devices.push(...page.value.devices);
    after = page.value.next;
  } while (after !== undefined && devices.length < o.limit);
  if (o.json) printJson(devices);
  else {
    for (const device of devices) {
      print(`${bold(device.id.padEnd(16))} ${placeText(device)}  ${dim(device.identifiers.join(' '))}`);
    }
    if (after !== undefined) tell(dim(`There are more: --limit ${o.limit * 10}`));
    if (devices.length === 0) tell(yellow('No such device.'));
  }
  return devices.length > 0 || o.identifier === undefined ? exit.ok : exit.failed;
}

export interface PutOptions extends LisOptions {
  readonly identifier?: readonly string[];
  readonly at?: Place;
  readonly radius?: number;
  readonly civic?: readonly string[];
  readonly method?: string;
  readonly ttl?: number;
  readonly confidence?: number;
  readonly dryRun?: boolean;
}

/** `esinet lis put`: makes a device, or without identifiers moves one. */
export async function lisPut(id: string, o: PutOptions): Promise<number> {
  const place = placeOf(o);
  if (!place) {
    tell(red('Where? --at LATITUDE,LONGITUDE or --civic country=ES'));
    return exit.usage;
  }
  const device = o.identifier ? { identifiers: o.identifier, ...place } : place;
  if (o.dryRun) {
    printJson(device);
    return exit.ok;
  }
  const done = await (o.identifier ? clientOf(o).put(id, device) : clientOf(o).move(id, device));
  if (!done.ok) {
    if (done.error.code === 'not-found')
      tell(dim('A device that is not known needs --identifier uri:sip:user@domain'));
    return refused(done.error, o);
  }
  if (o.json) printJson({ id, ...device });
  else print(`${green('done')}  ${bold(id)} ${placeText(place)}`);
  return exit.ok;
}

export async function lisRemove(id: string, o: LisOptions): Promise<number> {
  const done = await clientOf(o).remove(id);
  if (!done.ok) return refused(done.error, o);
  if (!o.json) print(`${green('forgotten')}  ${bold(id)}`);
  return exit.ok;
}

/** `esinet lis uris`: location URIs that were given out for a device. */
export async function lisUris(
  id: string,
  o: LisOptions & { readonly revoke?: string | true },
): Promise<number> {
  const client = clientOf(o);
  if (o.revoke !== undefined) {
    const done = await client.revoke(id, o.revoke === true ? undefined : o.revoke);
    if (!done.ok) return refused(done.error, o);
    if (!o.json) print(`${green('revoked')}  ${o.revoke === true ? 'all of' : o.revoke} ${bold(id)}`);
    return exit.ok;
  }
  const listed = await client.locationUris(id);
  if (!listed.ok) return refused(listed.error, o);
  if (o.json) printJson(listed.value.locationUris);
  for (const { id: uri, expires, uses, snapshot } of o.json ? [] : listed.value.locationUris) {
    const kind = snapshot ? 'frozen' : 'follows the device';
    print(`${bold(uri)}  until ${expires}  ${kind}${uses === undefined ? '' : `, ${uses} uses`}`);
  }
  return exit.ok;
}

/** `esinet lis load`: devices of a file. */
export async function lisLoad(
  file: string,
  o: LisOptions & { readonly partial?: boolean; readonly dryRun?: boolean },
): Promise<number> {
  const read = await loadText(file);
  if (typeof read === 'string') {
    tell(red(read));
    return exit.unreachable;
  }
  const done = await clientOf(o).load(read.text, {
    type: read.type,
    partial: o.partial === true,
    dryRun: o.dryRun === true,
  });
  if (!done.ok) return refused(done.error, o);
  const { created, updated, refused: bad, total, dryRun, errors } = done.value;
  if (o.json) printJson(done.value);
  else {
    print(
      `${dryRun ? yellow('would load') : green('loaded')}  ${created} new, ${updated} known, ${bad} refused, of ${total}`,
    );
    showProblems(errors, bad);
  }
  return bad === 0 ? exit.ok : exit.failed;
}

/** What goes over the wire; a sentence where the file cannot be read. */
async function loadText(file: string): Promise<{ text: string | Buffer; type: string } | string> {
  try {
    const text = await readFile(file);
    if (file.endsWith('.csv')) return { text, type: 'text/csv' };
    if (!file.endsWith('.json')) return { text, type: 'application/x-ndjson' };
    const list: unknown = JSON.parse(text.toString('utf8'));
    if (!Array.isArray(list)) return `${file}: expected an array of devices`;
    return { text: list.map((each) => JSON.stringify(each)).join('\n'), type: 'application/x-ndjson' };
  } catch (error) {
    return messageOf(error);
  }
}

function placeOf(o: PutOptions): LisPlace | undefined {
  const { at, radius, civic = [], method, ttl, confidence } = o;
  const center = at && [at.longitude, at.latitude];
  const shape =
    radius === undefined ? { type: 'point', position: center } : { type: 'circle', center, radius };
  if (!center && civic.length === 0) return undefined;
  const elements = civic.map((each) => each.split('=', 2) as [string, string]);
  return {
    ...(center ? { shape } : {}),
    ...(elements.length > 0 ? { civic: Object.fromEntries(elements) } : {}),
    ...(method === undefined ? {} : { method }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(confidence === undefined ? {} : { confidence }),
  };
}

/** Latitude first, as people say it. */
export function placeText({ shape, civic }: LisPlace): string {
  const parts: string[] = [];
  if (shape) {
    const { type, ...rest } = shape;
    const center = (rest['position'] ?? rest['center']) as readonly [number, number] | undefined;
    const radius = typeof rest['radius'] === 'number' ? ` ±${rest['radius']} m` : '';
    parts.push(center ? `${center[1]},${center[0]}${radius}` : type);
  }
  if (civic) parts.push(Object.values(civic).join(', '));
  return parts.join('  ');
}

function showProblems(errors: readonly LisProblem[], all: number): void {
  for (const { line, path, message } of errors.slice(0, MAX_SHOWN)) {
    tell(`  ${line === undefined ? '' : `line ${line}  `}${path === '' ? '' : `${path}: `}${message}`);
  }
  if (all > Math.min(errors.length, MAX_SHOWN))
    tell(dim(`  and ${all - Math.min(errors.length, MAX_SHOWN)} more`));
}

function refused(error: LisRefusal, o: LisOptions): number {
  if (error.code === 'unreachable') {
    tell(red(`No answer from the LIS: ${error.message}`));
    tell(dim('Is the ESInet running (npm start)? Another LIS is named by --url URL.'));
    return exit.unreachable;
  }
  if (o.json) printJson(error);
  tell(`${yellow(error.code)}  ${error.message}`);
  showProblems(error.errors, error.errors.length);
  return exit.failed;
}
