import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { messageOf, type Result, err, ok } from '@esinet/kernel';
import {
  type Attachment,
  type FurtherLocation,
  type OpenChatOptions,
  type PositionQuestion,
  askPosition,
} from '@esinet/element-app';
import { type TlsOptions, loadTls } from '@esinet/platform/pki';
import { type Place, parseService } from '../place.js';
import { dim, tell, yellow } from '../terminal.js';

type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** What `chat`, `send`, `sensor` and `alert` have in common. */
export interface CallerOptions {
  readonly at?: Place;
  readonly via: TransportName;
  readonly service: string;
  readonly locationUri?: readonly string[];
  readonly radius?: number;
  /** URL of a LIS, or `lab`. */
  readonly held?: string;
  readonly identity?: PositionQuestion['device'];
  readonly host: string;
  readonly port?: number;
  readonly portOffset: number;
  readonly data: string;
  readonly json?: boolean;
  readonly as: string;
  readonly did?: string;
  readonly language?: readonly string[];
}

export type CallerWay = Omit<OpenChatOptions, 'logger'>;

/** Where the lab listens: the border itself, or the provider's WebSocket edge. */
const labPorts: Record<TransportName, number> = {
  udp: 15_060,
  tcp: 15_060,
  tls: 15_061,
  ws: 15_080,
  wss: 15_081,
};

const provider = 'provider.lab';

/** How the caller gets to the ESInet: straight to the border, or registered at the provider with ws and wss. */
export async function callerWay(o: CallerOptions): Promise<Result<CallerWay, string>> {
  const web = o.via === 'ws' || o.via === 'wss';
  const secure = o.via === 'tls' || o.via === 'wss';
  let tls: TlsOptions | undefined;
  if (secure) {
    const folder = join(o.data, 'pki');
    try {
      tls = await loadTls(folder, 'app');
    } catch (error) {
      return err(
        `No certificate to show: ${messageOf(error)}. esinet pki init makes them, --data names another folder.`,
      );
    }
  }
  const found = o.held === undefined ? [] : await positionOf(o);
  const locations: FurtherLocation[] = [...found, ...(o.locationUri ?? []).map((uri) => ({ uri }))];
  return ok({
    ...(o.at
      ? {
          at: {
            lat: o.at.latitude,
            lon: o.at.longitude,
            ...(o.radius === undefined ? {} : { radius: o.radius }),
          },
        }
      : {}),
    ...(locations.length > 0 && { locations }),
    ...(o.did !== undefined && { did: o.did }),
    ...(o.language && { languages: o.language }),
    service: parseService(o.service),
    via: {
      transport: o.via,
      host: o.host,
      port: o.port ?? labPorts[o.via] + o.portOffset,
      ...(web ? { path: '/sip' } : {}),
      ...(tls ? { tls } : {}),
    },
    ...(web ? { register: accountOf(o.as) } : {}),
  });
}

/** `caller1` of the lab's provider, or `caller1@provider.portugal.lab`; in the lab its password is its name. */
function accountOf(as: string): {
  readonly user: string;
  readonly password: string;
  readonly domain: string;
} {
  const [user = '', domain = provider] = as.split('@');
  return { user, password: user, domain };
}

/** HELD-1. Whoever asks for help is not kept waiting for a LIS: without an answer the call goes without a place. */
async function positionOf(o: CallerOptions): Promise<readonly FurtherLocation[]> {
  const held =
    o.held === undefined || o.held === 'lab' ? `http://127.0.0.1:${15_985 + o.portOffset}/held` : o.held;
  const { user, domain } = accountOf(o.as);
  const device = o.identity ?? [{ kind: 'uri' as const, value: `sip:${user}@${domain}` }];
  const position = await askPosition({ held, device });
  if (!position.ok) {
    tell(yellow(`No position from the LIS: ${position.error}`));
    return [];
  }
  const { locations, milliseconds } = position.value;
  const forms = locations.map((each) => ('pidfLo' in each ? 'by value' : 'by reference'));
  tell(dim(`position from ${held} in ${milliseconds.toFixed(1)} ms: ${forms.join(', ')}`));
  return locations;
}

/** By the ending of a file's name; what is not here goes as application/octet-stream. */
const contentTypes: Readonly<Record<string, string>> = {
  '.csv': 'text/csv; charset=utf-8',
  '.gif': 'image/gif',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.vcf': 'text/vcard; charset=utf-8',
  '.webp': 'image/webp',
  '.xml': 'application/xml',
};

/** `photo.jpg`, or `msd.bin;application/EmergencyCallData.eCall.MSD` where the ending does not tell. */
export async function attachmentsOf(
  files: readonly string[],
): Promise<Result<readonly Attachment[], string>> {
  const attachments: Attachment[] = [];
  for (const each of files) {
    const semicolon = each.indexOf(';');
    const file = semicolon < 0 ? each : each.slice(0, semicolon);
    const contentType =
      semicolon < 0
        ? (contentTypes[extname(file).toLowerCase()] ?? 'application/octet-stream')
        : each.slice(semicolon + 1).trim();
    try {
      attachments.push({ contentType, name: basename(file), body: await readFile(file) });
    } catch (error) {
      return err(`Cannot attach ${file}: ${messageOf(error)}`);
    }
  }
  return ok(attachments);
}
