import { type Clock, type IdSource, type Logger, randomIds, silentLogger, systemClock } from '@esinet/kernel';
import { type SessionTiming, newCallId } from '@esinet/lmpe';
import {
  ChatClient,
  type ChatMessage,
  type FurtherLocation,
  type Introduction,
  type Place,
  type SendReport,
} from '@esinet/lmpe-client';
import { type Via, type WireMessage, openLink } from './link.js';
import { type RegisterOptions, Registration } from './registration.js';
import { answerTo, appLink } from './sip-link.js';

export interface OpenChatOptions extends Introduction {
  /** Location by value. */
  readonly at?: Place;
  /** Location by reference (RFC 6442): an https or http URI of a LIS. */
  readonly locationUri?: string;
  /** Beside `at`: what a LIS knows, by value or by reference. */
  readonly locations?: readonly FurtherLocation[];
  /** Service URN, or a service number such as `sip:112@esinet.lab`. */
  readonly service: string;
  /** Public routable URI of the caller. With `register`: by default the registered address. */
  readonly from?: string;
  readonly via: Via;
  readonly register?: RegisterOptions;
  /** Element Identifier in what this end names. Default `app.lab`. */
  readonly element?: string;
  readonly introduction?: string;
  readonly timing?: SessionTiming;
  /** Sees every message of this end's connection, as `esinet send` shows them. */
  readonly onWire?: (message: WireMessage) => void;
  readonly ids?: IdSource;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** A lost connection is opened again within this time, each caller at another moment. */
export const reconnectWithinMs = 2_000;

/** The provider did not take the registration; `status` is 0 if it did not answer. */
export class RegistrationError extends Error {
  override readonly name = 'RegistrationError';

  constructor(readonly status: number) {
    super(status === 0 ? 'the provider does not answer' : `the provider answered the registration ${status}`);
  }
}

/**
 * Opens the way to the first hop and, if asked to, registers there. Nothing is sent to a PSAP before `start`.
 *
 * @throws RegistrationError, or a system error if no socket can be had
 */
export async function openChat(o: OpenChatOptions): Promise<ChatClient> {
  return (await openChatOverSockets(o)).client;
}

/** `openChat`, with a way to take the network away from it for a while. */
export async function openChatOverSockets(
  o: OpenChatOptions,
): Promise<{ readonly client: ChatClient; lose(ms: number): Promise<void> }> {
  const ids = o.ids ?? randomIds;
  const clock = o.clock ?? systemClock;
  const logger = o.logger ?? silentLogger;
  const element = o.element ?? 'app.lab';
  const { register } = o;
  const from = o.from ?? (register ? `sip:${register.user}@${register.domain}` : `sip:app@${element}`);
  const client = new ChatClient({
    callId: newCallId(ids, element),
    service: o.service,
    from: withTag(from, ids),
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
  const link = await openLink({
    via: o.via,
    clock,
    ids,
    logger,
    ...(register && { credentials: { user: register.user, password: register.password } }),
    onMessage: (request) => answerTo(client, request),
    ...(o.onWire && { onWire: o.onWire }),
  });
  const chat = { client, lose: (ms: number) => link.lose(ms) };
  if (!register) {
    client.connect(appLink(link));
    link.onRestored(() => client.reconnected());
    link.onClosed(() => void clock.after(Math.random() * reconnectWithinMs, () => client.nudge()));
    return chat;
  }
  const registration = new Registration({
    link,
    register,
    clock,
    ids,
    logger,
    onRestored: () => client.reconnected(),
  });
  client.connect(appLink(link, registration));
  const status = await registration.register();
  if (status >= 200 && status < 300) return chat;
  await client.close();
  throw new RegistrationError(status);
}

/** One text, and what the PSAP says to it within `waitMs`. */
export interface SentChat {
  readonly callId: string;
  readonly report: SendReport;
  readonly answer?: ChatMessage;
}

/** Starts a chat with one text, waits for the first answer and ends the chat again if `stop` is set. */
export async function sendChat(
  o: OpenChatOptions & { readonly text: string; readonly waitMs: number; readonly stop?: boolean },
): Promise<SentChat> {
  const client = await openChat(o);
  const clock = o.clock ?? systemClock;
  try {
    const answered = new Promise<ChatMessage | undefined>((resolve) => {
      client.onMessage(resolve);
      client.onState((phase) => {
        if (phase === 'failed') resolve(undefined);
      });
      clock.after(o.waitMs, () => resolve(undefined));
    });
    const report = await client.start(o.text);
    const answer = report.delivered ? await answered : undefined;
    if (o.stop && client.phase === 'open') await client.stop();
    return { callId: client.callId, report, ...(answer && { answer }) };
  } finally {
    await client.close();
  }
}

export function withTag(from: string, ids: IdSource): string {
  const address = from.includes('<') ? from : `<${from}>`;
  return address.includes(';tag=') ? address : `${address};tag=${ids.token(12)}`;
}
