import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SipMessage } from '../codec/sip-message.js';
import { isTransportName, type TransportName } from '../transport/destination.js';

/** How the end of a dialog is reached that lies beyond one of our Record-Route values. */
export interface DialogWay {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  /** The connection, as long as it is open: nobody can call back to the port of one that was opened to us. */
  readonly flowId?: string;
  /** The name that its certificate showed. */
  readonly serverName?: string;
}

/** What a request within a dialog shows of it: that its first request went through here, and on which way it goes on. */
export interface InDialog {
  /** The listener of the side it goes on to, where that is another than it came in on. */
  readonly listener?: string;
  readonly way?: DialogWay;
  /** Who sent the first request of the dialog: the sender of this one, or the far end. */
  readonly begun: 'near' | 'far';
}

const macLength = 16;
const longest = 600;

/**
 * The user part of our Record-Route values: proof that a dialog was set up through here, and the way to its end on that
 * side, as in the flow tokens of RFC 5626 5.2. What is needed for the requests of the dialog is in the requests
 * themselves, so that another process with the same secret can take them, and nobody else can make them up.
 */
export class DialogSeal {
  constructor(private readonly secret: Buffer) {}

  /** For a request that sets up a dialog. The way is left out where Route and Request-URI say enough. */
  seal(request: SipMessage, way?: DialogWay): string {
    const text = way
      ? [way.transport, way.address, way.port, way.flowId ?? '', way.serverName ?? ''].join(' ').trimEnd()
      : '';
    const payload = Buffer.from(text).toString('base64url');
    return this.#mac(payload, request.callId, request.from?.tag) + payload;
  }

  /**
   * What the user part of a Record-Route value says that came back; undefined where it is not ours or not of this
   * dialog: of both tags one is that of whoever began.
   */
  open(user: string | undefined, request: SipMessage): InDialog | undefined {
    if (user === undefined || user.length < macLength || user.length > longest) return undefined;
    const payload = user.slice(macLength);
    const mac = Buffer.from(user.slice(0, macLength));
    const isOf = (tag: string | undefined): boolean => {
      const expected = Buffer.from(this.#mac(payload, request.callId, tag));
      return expected.length === mac.length && timingSafeEqual(expected, mac);
    };
    const begun = isOf(request.from?.tag) ? 'near' : isOf(request.to?.tag) ? 'far' : undefined;
    if (!begun) return undefined;
    const way = wayOf(Buffer.from(payload, 'base64url').toString());
    return { begun, ...(way && { way }) };
  }

  #mac(payload: string, callId = '', tag = ''): string {
    const text = JSON.stringify(['record-route', payload, callId, tag]);
    return createHmac('sha256', this.secret).update(text).digest('base64url').slice(0, macLength);
  }
}

function wayOf(text: string): DialogWay | undefined {
  const [transport = '', address, port, flowId = '', serverName = ''] = text.split(' ');
  if (!isTransportName(transport) || address === undefined || port === undefined) return undefined;
  return {
    transport,
    address,
    port: Number(port),
    ...(flowId !== '' && { flowId }),
    ...(serverName !== '' && { serverName }),
  };
}
