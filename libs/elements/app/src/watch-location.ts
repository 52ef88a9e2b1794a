import { type HeldClientError, httpHeldClient } from '@esinet/held';
import {
  type Clock,
  type IdSource,
  type Logger,
  type Result,
  err,
  messageOf,
  ok,
  randomIds,
  silentLogger,
  systemClock,
} from '@esinet/kernel';
import { PIDF_CONTENT_TYPE, type PidfLo, readPidfLo } from '@esinet/location';
import {
  EventSubscriber,
  type SubscriptionEnd,
  type TlsOptions,
  type TransportName,
  parseUri,
} from '@esinet/sip';
import { type ReachableLink, type Via, type WireMessage, openLink } from './link.js';

export interface WatchLocationOptions {
  /** A location URI: sip, sips, pres, http or https. */
  readonly uri: string;
  /** The presence server of a pres URI, which names none. */
  readonly server?: { readonly host: string; readonly port: number };
  /** Seconds between two positions at least: max-rate by SIP, the time between two questions by HTTP. Default 5. */
  readonly every?: number;
  /** Seconds after which a position is told although it has not moved. By SIP only. */
  readonly atLeastEvery?: number;
  /** Metres: a shorter way is not told. By SIP only (RFC 6447 3.1). */
  readonly moved?: number;
  /** The position once. */
  readonly once?: boolean;
  readonly tls?: TlsOptions;
  readonly clock?: Clock;
  readonly ids?: IdSource;
  readonly logger?: Logger;
  readonly onPosition: (position: WatchedPosition) => void;
  /** Nothing is known of the place for now. */
  readonly onNothing?: () => void;
  /** It was interrupted and goes on in so many milliseconds. */
  readonly onLost?: (why: string, ms: number) => void;
  readonly onEnd?: (end: WatchEnd) => void;
  readonly onWire?: (message: WireMessage) => void;
}

export interface WatchedPosition {
  readonly pidfLo: PidfLo;
  readonly document: string;
  /** Wall milliseconds when it came. */
  readonly at: number;
}

/** `done`: as asked for. `void`: nothing is behind the URI, or nothing any more. `unreachable`: nobody answered. */
export interface WatchEnd {
  readonly kind: 'done' | 'void' | 'refused' | 'unreachable';
  readonly text: string;
}

export interface LocationWatch {
  /** Ends it; resolves when the other side knows, or will not answer. */
  stop(): Promise<void>;
}

/** Milliseconds for the other side's last word when a watch is stopped. */
const farewellMs = 2_000;

/** Watches where a location URI leads to: by SIP SUBSCRIBE (RFC 3856, 6446, 6447), or by asking again over HTTP (RFC 6753). */
export async function watchLocation(o: WatchLocationOptions): Promise<Result<LocationWatch, string>> {
  const scheme = o.uri.slice(0, o.uri.indexOf(':')).toLowerCase();
  if (scheme === 'http' || scheme === 'https') return ok(poll(o));
  const way = viaOf(o);
  if (!way.ok) return way;
  try {
    return ok(await subscribe(o, way.value));
  } catch (error) {
    return err(messageOf(error));
  }
}

function viaOf(o: WatchLocationOptions): Result<{ readonly via: Via; readonly uri: string }, string> {
  const uri = parseUri(o.uri);
  if (!uri) return err('no URI');
  const tls = o.tls ? { tls: o.tls } : {};
  if (uri.scheme === 'pres') {
    const [user, domain] = (uri.opaque ?? '').split('@', 2);
    if (!user || !domain) return err('a pres URI is pres:user@domain');
    const { host, port } = o.server ?? { host: domain, port: 5060 };
    return ok({ via: { transport: 'udp', host, port, ...tls }, uri: o.uri });
  }
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') {
    return err('a location URI that can be watched is sip:, sips:, pres:, http: or https:');
  }
  const named = uri.params.get('transport')?.toLowerCase();
  const secure = uri.scheme === 'sips' || named === 'tls';
  const transport: TransportName = secure ? 'tls' : named === 'tcp' ? 'tcp' : 'udp';
  const host = o.server?.host ?? uri.host.replace(/^\[|\]$/g, '');
  const port = o.server?.port ?? uri.port ?? (secure ? 5061 : 5060);
  return ok({ via: { transport, host, port, ...tls }, uri: o.uri });
}

async function subscribe(
  o: WatchLocationOptions,
  { via, uri }: { readonly via: Via; readonly uri: string },
): Promise<LocationWatch> {
  const { clock = systemClock, ids = randomIds, logger = silentLogger } = o;
  const common = { clock, ids, logger };
  const link: ReachableLink = await openLink({
    ...common,
    via,
    allow: ['NOTIFY', 'OPTIONS'],
    onMessage: (request) => subscriber.notify(request),
    ...(o.onWire && { onWire: o.onWire }),
  });
  const subscriber: EventSubscriber = new EventSubscriber({ ...common, agent: link });
  let over: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (over = resolve));
  const close = async (): Promise<void> => {
    subscriber.close();
    await link.close();
    over();
  };
  const rates =
    (o.once || o.every === undefined ? '' : `;max-rate=${rate(o.every)}`) +
    (o.atLeastEvery === undefined ? '' : `;min-rate=${rate(o.atLeastEvery)}`);
  const subscription = subscriber.subscribe({
    uri,
    from: 'sip:watcher@anonymous.invalid',
    contact: link.contact(),
    event: `presence${rates}`,
    accept: [PIDF_CONTENT_TYPE],
    ...(o.once && { expires: 0 }),
    ...(o.moved !== undefined && {
      body: { type: 'application/simple-filter+xml', content: movedFilter(o.moved) },
    }),
    onNotify: (notify, state) => {
      const read = notify.body.length === 0 ? undefined : readPidfLo(notify.body);
      // The last word of one that is being left may repeat what is known.
      if (state.state === 'terminated' && !o.once) return;
      if (read?.ok) o.onPosition({ pidfLo: read.value, document: notify.body.toString(), at: clock.wall() });
      else o.onNothing?.();
    },
    onLost: (end, ms) => o.onLost?.(textOf(end).text, ms),
    onEnd: (end) => {
      o.onEnd?.(textOf(end));
      void close();
    },
  });
  // What is told over a connection that is gone would not come: a refresh opens a new one.
  link.onClosed(() => subscription.refresh());
  return {
    stop: async () => {
      subscription.unsubscribe();
      await Promise.race([ended, new Promise<void>((resolve) => void clock.after(farewellMs, resolve))]);
      await close();
    },
  };
}

/** RFC 6446 9.2: notifications per second from seconds between them. */
function rate(seconds: number): string {
  return Math.min(99, Math.max(1e-10, 1 / seconds)).toFixed(10);
}

function movedFilter(metres: number): string {
  return (
    '<filter-set xmlns="urn:ietf:params:xml:ns:simple-filter" xmlns:lf="urn:ietf:params:xml:ns:location-filter">' +
    `<filter id="moved"><trigger><lf:moved>${metres}</lf:moved></trigger></filter></filter-set>`
  );
}

function textOf(end: SubscriptionEnd): WatchEnd {
  switch (end.why) {
    case 'unsubscribed':
    case 'fetched':
      return { kind: 'done', text: end.why };
    case 'refused':
      return end.status === 404
        ? { kind: 'void', text: 'nothing is behind this location URI, or nothing any more' }
        : { kind: 'refused', text: `refused with ${end.status}` };
    case 'terminated':
      return {
        kind: end.reason === 'noresource' ? 'void' : 'refused',
        text: `ended by the other side${end.reason ? `: ${end.reason}` : ''}`,
      };
    case 'no-notify':
    case 'no-answer':
    case 'expired':
      return { kind: 'unreachable', text: 'no answer' };
  }
}

/** By HTTP: asked again and again; what is the same as before is not told. */
function poll(o: WatchLocationOptions): LocationWatch {
  const { clock = systemClock } = o;
  const client = httpHeldClient({
    allowedHosts: [new URL(o.uri).host],
    ...(o.tls && { tls: o.tls as { ca?: string; cert?: string; key?: string } }),
  });
  const everyMs = (o.every ?? 5) * 1_000;
  let stopped = false;
  let last = '';
  let timer: { cancel(): void } | undefined;
  const stop = (): Promise<void> => {
    stopped = true;
    timer?.cancel();
    client.close();
    return Promise.resolve();
  };
  const end = (text: WatchEnd): void => {
    void stop();
    o.onEnd?.(text);
  };
  const ask = async (): Promise<void> => {
    const answer = await client.dereference(o.uri);
    if (stopped) return;
    if (answer.ok) {
      const { document, ...pidfLo } = answer.value;
      // A place that stays has a new timestamp each time it is asked for.
      const news = JSON.stringify(pidfLo.locations);
      if (news !== last) o.onPosition({ pidfLo, document, at: clock.wall() });
      last = news;
      if (o.once) return end({ kind: 'done', text: 'fetched' });
    } else {
      const gone = isGone(answer.error);
      if (gone || o.once) return end(gone ?? { kind: 'unreachable', text: answer.error.message });
      o.onLost?.(answer.error.message, everyMs);
    }
    timer = clock.after(everyMs, () => void ask());
  };
  void ask();
  return { stop };
}

function isGone(error: HeldClientError): WatchEnd | undefined {
  if (error.code === 'http' && error.status === 404) {
    return { kind: 'void', text: 'nothing is behind this location URI, or nothing any more' };
  }
  return error.code === 'held' || error.code === 'not-allowed'
    ? { kind: 'refused', text: error.message }
    : undefined;
}
