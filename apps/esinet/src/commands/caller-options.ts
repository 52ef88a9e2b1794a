import { join } from 'node:path';
import { messageOf, type Result, err, ok } from '@esinet/kernel';
import type { OpenChatOptions } from '@esinet/element-app';
import { type TlsOptions, loadTls } from '@esinet/platform';
import { type Place, parseService } from '../place.js';

type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** What `chat` and `send` have in common. */
export interface CallerOptions {
  readonly at?: Place;
  readonly via: TransportName;
  readonly service: string;
  readonly locationUri?: string;
  readonly radius?: number;
  readonly host: string;
  readonly port?: number;
  readonly portOffset: number;
  readonly data: string;
  readonly json?: boolean;
  readonly as?: string;
}

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
export async function callerWay(o: CallerOptions): Promise<Result<Omit<OpenChatOptions, 'logger'>, string>> {
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
  const account = o.as ?? 'caller1';
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
    ...(o.locationUri === undefined ? {} : { locationUri: o.locationUri }),
    service: parseService(o.service),
    via: {
      transport: o.via,
      host: o.host,
      port: o.port ?? labPorts[o.via] + o.portOffset,
      ...(web ? { path: '/sip' } : {}),
      ...(tls ? { tls } : {}),
    },
    ...(web ? { register: { user: account, password: account, domain: provider } } : {}),
  });
}
