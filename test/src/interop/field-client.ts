import JsSIP from 'jssip';
import type { Lab } from '../lab.js';
import { Inbox } from './inbox.js';

/** What a client of the field made of a MESSAGE. */
export interface FieldMessage {
  readonly callId: string | undefined;
  readonly messageId: number | undefined;
  readonly messageType: number | undefined;
  readonly replyTo: string | undefined;
  readonly text: string;
  /** What it would have stumbled over. */
  readonly faults: readonly string[];
}

interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

interface JsSipRequest {
  getHeaders(name: string): string[];
  getHeader(name: string): string | undefined;
  readonly body: string | undefined;
}

/**
 * A client as they are deployed, over JsSIP: it takes an identifier only where `purpose` is the first parameter and the
 * URN has the form of the examples, needs a Reply-To without brackets, counts its heartbeats, sends its place only when
 * that changed, and answers 200 to whatever comes. It follows every Reply-To it is given.
 */
export class FieldClient {
  readonly inbox = new Inbox<FieldMessage>();
  /** Where its next message goes. */
  target: string;
  readonly callId: string;
  #messageId = 0;
  #place: Place | undefined;
  #changed = false;
  /** Between a 266 or 274 and the next start it keeps quiet. */
  #stalled = false;
  closed = false;
  /** Takes any stop, that of a transfer too, for the end of the chat: it answers 200 afterwards and heeds nothing. */
  endsOnStop = false;
  /** What it sent by itself: type and status. */
  readonly sentByItself: { readonly messageType: number; readonly status: number }[] = [];

  private constructor(
    private readonly ua: JsSIP.UA,
    readonly user: string,
    service: string,
  ) {
    this.target = service;
    this.callId = `field${user}${Date.now()}`;
  }

  static async open(lab: Lab, user: string, service = 'sip:112@provider.lab'): Promise<FieldClient> {
    const ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(lab.websocket)],
      uri: `sip:${user}@provider.lab`,
      password: user,
      session_timers: false,
      register_expires: 300,
    });
    const client = new FieldClient(ua, user, service);
    ua.on('newMessage', (event: unknown) => {
      const { originator, message, request } = event as {
        originator: string;
        message: { accept(): void };
        request: JsSipRequest;
      };
      if (originator !== 'remote') return;
      message.accept();
      client.#take(readField(request));
    });
    const registered = new Promise<void>((resolve, reject) => {
      ua.on('registered', () => resolve());
      ua.on('registrationFailed', (event: { cause?: string }) =>
        reject(new Error(event.cause ?? 'registration failed')),
      );
    });
    ua.start();
    await registered;
    return client;
  }

  /** A new place goes along with the next message, once. */
  move(place: Place): void {
    this.#place = place;
    this.#changed = true;
  }

  start(text: string): Promise<number> {
    return this.#send(257, text);
  }

  say(text: string, parts: readonly string[] = []): Promise<number> {
    if (this.#stalled) throw new Error('stalled: the user cannot type now');
    return this.#send(259, text, parts);
  }

  heartbeat(): Promise<number> {
    return this.#send(260, undefined);
  }

  stop(text: string): Promise<number> {
    return this.#send(258, text);
  }

  close(): void {
    this.ua.stop();
  }

  #take(m: FieldMessage): void {
    if (this.endsOnStop) {
      this.inbox.put(m);
      if (m.messageType !== undefined && (m.messageType & 3) === 2) this.closed = true;
      if (this.closed) return;
    }
    const before = this.target;
    if (m.replyTo !== undefined) this.target = m.replyTo;
    if (m.messageType === 258) this.closed = true;
    if (m.messageType === 266 || m.messageType === 274) this.#stalled = true;
    if (m.messageType === 257 || m.messageType === 265) this.#stalled = false;
    if (!this.endsOnStop) this.inbox.put(m);
    if (m.messageType !== 274) return;
    this.#changed = true;
    void this.#send(273, 'I was sent here', [], [`History-Info: <${before}>;index=1`]).then((status) =>
      this.sentByItself.push({ messageType: 273, status }),
    );
  }

  #send(
    messageType: number,
    text: string | undefined,
    parts: readonly string[] = [],
    extra: readonly string[] = [],
  ): Promise<number> {
    const boundary = 'FieldBoundary';
    const withPlace = this.#changed && this.#place !== undefined;
    this.#changed = false;
    let body = '';
    for (const part of parts) body += `--${boundary}\r\n${part}\r\n`;
    if (withPlace && this.#place) body += `--${boundary}\r\n${locationPart(this.user, this.#place)}\r\n`;
    if (text !== undefined) {
      body += `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n`;
    }
    if (body !== '') body += `--${boundary}--\r\n`;
    const info = (what: string, value: string, purpose: string): string =>
      `Call-Info: <urn:emergency:${what}:${value}:provider.lab>; purpose=EmergencyCallData.${purpose}`;
    const extraHeaders = [
      ...(withPlace ? ['Geolocation-Routing: yes', `Geolocation: <cid:${this.user}@provider.lab>`] : []),
      info('uid:callid', this.callId, 'CallId'),
      info('service:uid:msgid', String(++this.#messageId), 'MsgId'),
      info('service:uid:msgtype', String(messageType), 'MsgType'),
      ...extra,
    ];
    return new Promise((resolve, reject) => {
      this.ua.sendMessage(this.target, body, {
        contentType: `multipart/mixed; boundary=${boundary}`,
        extraHeaders,
        eventHandlers: {
          succeeded: (e: { response: { status_code: number } }) => resolve(e.response.status_code),
          failed: (e: { cause?: string; response?: { status_code: number } | null }) =>
            e.response ? resolve(e.response.status_code) : reject(new Error(e.cause ?? 'failed')),
        },
      });
    });
  }
}

/** In an order and with an element that RFC 4119 does not have, as some write it. */
function locationPart(user: string, { latitude, longitude }: Place): string {
  return (
    `Content-Type: application/pidf+xml\r\nContent-ID: <${user}@provider.lab>\r\n\r\n` +
    '<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf" ' +
    'xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" ' +
    `xmlns:gs="http://www.opengis.net/pidflo/1.0" xmlns:gml="http://www.opengis.net/gml" ` +
    `entity="pres:${user}@provider.lab"><dm:tuple id="here"><dm:timestamp>2026-01-01T00:00:00Z</dm:timestamp>` +
    '<status><gp:geopriv><gp:usage-rules/><gp:method>GPS</gp:method><gp:location-info>' +
    `<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${latitude} ${longitude}</gml:pos>` +
    '<gs:radius uom="urn:ogc:def:uom:EPSG::9001">30</gs:radius></gs:Circle>' +
    '</gp:location-info></gp:geopriv></status></dm:tuple></presence>'
  );
}

function readField(request: JsSipRequest): FieldMessage {
  const faults: string[] = [];
  const found = (what: string, purpose: string): string | undefined => {
    const form = new RegExp(
      `^<urn:emergency:${what}:([^:>]+):[\\w.-]+>; ?purpose=EmergencyCallData\\.${purpose}$`,
    );
    for (const value of request.getHeaders('Call-Info')) {
      const unique = form.exec(value)?.[1];
      if (unique !== undefined) return unique;
    }
    return undefined;
  };
  const number = (what: string, purpose: string): number | undefined => {
    const unique = found(what, purpose);
    return unique === undefined ? undefined : Number(unique);
  };
  const callId = found('uid:callid', 'CallId');
  const messageType = number('service:uid:msgtype', 'MsgType');
  const replyTo = request.getHeader('Reply-To');
  if (callId === undefined) faults.push('no Call Identifier');
  if (messageType === undefined) faults.push('no Message Type');
  if (replyTo === undefined || !/^sip:[^@<>;"\s]+@[^@<>;"\s]+$/.test(replyTo))
    faults.push('no bare Reply-To');
  return {
    callId,
    messageType,
    messageId: number('service:uid:msgid', 'MsgId'),
    replyTo,
    text: request.body ?? '',
    faults,
  };
}
