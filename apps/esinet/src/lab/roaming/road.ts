import type { ElementName, WireEvent } from '../../esinet.js';
import type { SiteName } from './start-roaming.js';
import type { Site } from './site.js';

/** LMPE message types as people call them (TS 103 698 table 4 and 6.2). */
const typeNames: ReadonlyMap<string, string> = new Map([
  ['257', 'start'],
  ['259', 'in-chat'],
  ['258', 'stop'],
  ['260', 'heartbeat'],
  ['265', 'start|transfer'],
  ['266', 'stop|transfer'],
  ['273', 'start|redirect'],
  ['274', 'stop|redirect'],
  ['388', 'inactive'],
]);

const ports: Readonly<Record<string, readonly number[]>> = {
  provider: [15_050, 15_080, 15_081],
  bcf: [15_060, 15_061, 15_062],
  esrp: [15_070],
  psap: [15_075],
};

/**
 * Tells the road of each chat message when it has arrived, from its own Via fields: `app → provider → bcf → …`. Nothing
 * of what is written, of who and where.
 */
export class RoadWatch {
  readonly #names = new Map<string, string>();

  constructor(
    sites: Readonly<Record<SiteName, Site>>,
    private readonly tell: (line: string) => void,
  ) {
    for (const [name, { offset }] of Object.entries(sites)) {
      for (const [element, standard] of Object.entries(ports)) {
        for (const port of standard) this.#names.set(`127.0.0.1:${port + offset}`, `${element} ${name}`);
      }
    }
  }

  see(site: SiteName, element: ElementName, event: WireEvent): void {
    const arrived =
      (element === 'psap' && event.direction === 'in') ||
      (isToApp(element, event) && event.direction === 'out');
    if (!arrived) return;
    const head = headOf(event.bytes);
    if (!head.startsWith('MESSAGE ')) return;
    const lines = head.split('\r\n');
    const type = typeNames.get(/msgtype:(\d+)/i.exec(head)?.[1] ?? '') ?? 'message';
    const road = lines.flatMap((line) => {
      const via = /^(?:via|v)\s*:\s*SIP\/2\.0\/\w+\s+([^;\s]+)/i.exec(line)?.[1];
      return via === undefined ? [] : [this.#names.get(via) ?? 'app'];
    });
    this.tell(
      `${type.padEnd(9)} ${[...road.reverse(), element === 'psap' ? `psap ${site}` : 'app'].join(' → ')}`,
    );
  }
}

/** The last hop before a caller: the provider's, or the border's where they use none. */
function isToApp(element: ElementName, { flow }: WireEvent): boolean {
  if (element === 'provider') return flow.listener === 'ws' || flow.listener === 'wss';
  return element === 'bcf' && flow.listener.startsWith('public-') && flow.transport === 'udp';
}

function headOf(bytes: Buffer): string {
  const end = bytes.indexOf('\r\n\r\n');
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}
