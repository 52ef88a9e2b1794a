import { type WatchEnd, type WatchedPosition, watchLocation } from '@esinet/element-app';
import { loadTls } from '@esinet/platform/pki';
import { bold, dim, exit, print, red, tell, yellow } from '../terminal.js';

export interface WatchOptions {
  readonly every: number;
  readonly atLeastEvery?: number;
  readonly moved?: number;
  readonly once?: boolean;
  readonly count?: number;
  readonly server?: string;
  readonly portOffset: number;
  readonly data: string;
  readonly json?: boolean;
}

/** `esinet watch URI`: each position behind a location URI as it comes, with its time and shape. */
export async function watch(uri: string, o: WatchOptions): Promise<number> {
  const server = serverOf(uri, o);
  if (server === 'wrong') {
    tell(red('A server is HOST:PORT, such as 127.0.0.1:15085.'));
    return exit.usage;
  }
  const secure = /^(?:sips|https):|;transport=tls/i.test(uri);
  // Without certificates of the lab a far side that wants none is still reached.
  const tls = secure ? await loadTls(`${o.data}/pki`, 'app').catch(() => undefined) : undefined;
  let seen = 0;
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (end = resolve));
  const watching = await watchLocation({
    uri,
    ...(server && { server }),
    every: Math.max(0.02, o.every),
    ...(o.atLeastEvery !== undefined && o.atLeastEvery > 0 && { atLeastEvery: o.atLeastEvery }),
    ...(o.moved !== undefined && { moved: Math.max(0, o.moved) }),
    ...(o.once && { once: true }),
    ...(tls && { tls }),
    onPosition: (position) => {
      show(position, o.json === true);
      seen += 1;
      if (seen === o.count) end(exit.ok);
    },
    onNothing: () => {
      if (o.json) print(JSON.stringify({ at: new Date().toISOString(), nothing: true }));
      else print(dim(`${clockTime(Date.now())}  nothing is known of the place`));
    },
    onLost: (why, ms) => tell(yellow(`Interrupted (${why}); again in ${Math.round(ms / 1_000)} s.`)),
    onEnd: (last) => end(codeOf(last, seen)),
  });
  if (!watching.ok) {
    tell(red(watching.error));
    return exit.usage;
  }
  const leave = (): void => end(exit.ok);
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
  const code = await ended;
  await watching.value.stop();
  process.removeListener('SIGINT', leave);
  process.removeListener('SIGTERM', leave);
  return code;
}

function codeOf({ kind, text }: WatchEnd, seen: number): number {
  switch (kind) {
    case 'done':
      return exit.ok;
    case 'void':
    case 'refused':
      tell(seen > 0 && kind === 'void' ? yellow(`The watch is over: ${text}.`) : red(`${text}.`));
      return exit.failed;
    case 'unreachable':
      tell(red(`No answer: ${text}.`));
      tell(dim('Is the ESInet running (npm start)? Another presence server is named by --server HOST:PORT.'));
      return exit.unreachable;
  }
}

function show({ pidfLo, document, at }: WatchedPosition, json: boolean): void {
  if (json) {
    const { shapes, civics, timestamp, method } = pidfLo;
    print(JSON.stringify({ at: new Date(at).toISOString(), timestamp, method, shapes, civics, document }));
    return;
  }
  const places = pidfLo.locations.map((each) =>
    each.kind === 'geodetic'
      ? shapeText(each.shape)
      : each.civic.elements.map(({ value }) => value).join(', '),
  );
  const of = pidfLo.timestamp === undefined ? '' : dim(`  as of ${pidfLo.timestamp}`);
  print(`${clockTime(at)}  ${bold(places.join('; '))}${of}`);
}

type Shape = WatchedPosition['pidfLo']['shapes'][number];

function shapeText(shape: Shape): string {
  switch (shape.type) {
    case 'point':
      return coordinates(shape.position);
    case 'circle':
      return `${coordinates(shape.center)}  circle of ${metres(shape.radius)}`;
    case 'ellipse':
      return `${coordinates(shape.center)}  ellipse of ${metres(shape.semiMajor)} by ${metres(shape.semiMinor)}`;
    case 'arcband':
      return `${coordinates(shape.center)}  sector from ${metres(shape.innerRadius)} to ${metres(shape.outerRadius)}`;
    case 'polygon':
      return `${coordinates(shape.rings[0]?.[0] ?? [0, 0])}  polygon of ${(shape.rings[0]?.length ?? 1) - 1} corners`;
  }
}

/** Latitude first, as people say it. */
function coordinates([lon, lat]: readonly [number, number]): string {
  return `${lat.toFixed(5)},${lon.toFixed(5)}`;
}

function metres(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} m`;
}

function clockTime(wall: number): string {
  return new Date(wall).toTimeString().slice(0, 8);
}

/** Where the lab's LIS speaks SIP. */
const labPort = 15_085;

function serverOf(uri: string, o: WatchOptions): { host: string; port: number } | 'wrong' | undefined {
  if (o.server === undefined) {
    return /^pres:/i.test(uri) ? { host: '127.0.0.1', port: labPort + o.portOffset } : undefined;
  }
  const [, host, port] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(o.server) ?? [];
  return host !== undefined && Number(port) > 0 && Number(port) <= 65_535
    ? { host, port: Number(port) }
    : 'wrong';
}
