import { type Clock, type IdSource, type Logger, randomIds, silentLogger, systemClock } from '@esinet/kernel';
import { type SessionTiming, newCallId } from '@esinet/lmpe';
import {
  type AdditionalData,
  type AppIncoming,
  ChatClient,
  type FurtherLocation,
  type Place,
} from '@esinet/lmpe-client';
import { BrowserLink } from './browser-link.js';
import { followPage } from './follow-page.js';

export interface BrowserChatOptions {
  /** The provider's SIP over WebSocket (RFC 7118): `wss://…`, or `ws://…` on the machine itself. */
  readonly server: string;
  /** The account at the provider. */
  readonly user: string;
  readonly password: string;
  readonly domain: string;
  /** Service number or service URN. Default `sip:112@<domain>`. */
  readonly service?: string;
  /** Location by value. */
  readonly at?: Place;
  /** Location by reference (RFC 6442): an https URI of a LIS. */
  readonly locationUri?: string;
  readonly locations?: readonly FurtherLocation[];
  /** Decentralised Identifier, `did:…` (TS 103 698 6.1.2.11). */
  readonly did?: string;
  /** BCP 47 tags, best first; `navigator.languages` fits. */
  readonly languages?: readonly string[];
  readonly additionalData?: readonly AdditionalData[];
  /** Text a redirected chat begins with at the new PSAP. Default: the text of the start. */
  readonly introduction?: string;
  /** Element Identifier in what this end names. Default: the domain. */
  readonly element?: string;
  readonly timing?: SessionTiming;
  /** Tells the PSAP when the page is hidden (388). Default true. */
  readonly followPage?: boolean;
  /** Whether there is a connection, each time that changes. */
  readonly onConnected?: (connected: boolean) => void;
  readonly ids?: IdSource;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/**
 * TS 103 698 6.2.5: an APP is heard of every 20 s at least. A browser lets the timers of a hidden page run once a
 * minute, but not what comes in: a message of the PSAP after so long a silence of ours brings a keep-alive.
 */
export const lateMs = 20_000;

/** There was no way to the provider, or it did not take the registration; `status` is 0 if it did not answer. */
export class BrowserChatError extends Error {
  override readonly name = 'BrowserChatError';

  constructor(readonly status: number) {
    super(status === 0 ? 'the provider does not answer' : `the provider answered the registration ${status}`);
  }
}

/**
 * Registers at the provider over a WebSocket. Nothing is sent to a PSAP before `start`. From then on a lost connection
 * is opened again by itself, for as long as the chat is not closed.
 *
 * @throws BrowserChatError, or TypeError where the options make no address
 */
export async function openBrowserChat(o: BrowserChatOptions): Promise<ChatClient> {
  const ids = o.ids ?? randomIds;
  const clock = o.clock ?? systemClock;
  const element = o.element ?? o.domain;
  const client: ChatClient = new ChatClient({
    callId: newCallId(ids, element),
    service: o.service ?? `sip:112@${o.domain}`,
    from: `<sip:${o.user}@${o.domain}>;tag=${ids.token(12)}`,
    element,
    clock,
    ...(o.at && { at: o.at }),
    ...(o.locationUri !== undefined && { locationUri: o.locationUri }),
    ...(o.locations && { locations: o.locations }),
    ...(o.did !== undefined && { did: o.did }),
    ...(o.languages && { languages: o.languages }),
    ...(o.additionalData && { additionalData: o.additionalData }),
    ...(o.introduction !== undefined && { introduction: o.introduction }),
    ...(o.timing && { timing: o.timing }),
  });
  let sentAt = clock.now();
  const link = new BrowserLink({
    server: o.server,
    user: o.user,
    password: o.password,
    domain: o.domain,
    clock,
    ids,
    logger: o.logger ?? silentLogger,
    onMessage: (message: AppIncoming) => {
      const status = client.receive(message);
      if (clock.now() - sentAt > lateMs) client.nudge();
      return status;
    },
    onRestored: () => client.reconnected(),
    ...(o.onConnected && { onConnected: o.onConnected }),
  });
  const follows = o.followPage !== false;
  const leave = followPage({
    onOnline: () => link.online(),
    onHidden: () => (follows ? client.inactive() : undefined),
    onShown: () => {
      // A page that slept may have lost its socket without a word.
      link.online();
      if (follows) client.active();
    },
  });
  client.connect({
    send: (request) => {
      sentAt = clock.now();
      return link.send(request);
    },
    close: () => {
      leave();
      return link.close();
    },
  });
  const status = await link.open();
  if (status !== 200) {
    await client.close();
    throw new BrowserChatError(status);
  }
  return client;
}
