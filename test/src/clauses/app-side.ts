import { ManualClock, countingIds } from '@esinet/kernel';
import { newCallId, readIdentifiers } from '@esinet/lmpe';
import { type AppIncoming, type AppRequest, ChatClient, type ChatClientOptions } from '@esinet/lmpe-client';

/** A message of the APP, as its PSAP sees it. */
export interface Seen {
  readonly uri: string;
  readonly from: string;
  readonly callInfo: readonly string[];
  readonly callId?: string;
  readonly messageId?: number;
  readonly messageType?: number;
  readonly text: string | undefined;
  readonly textType: string | undefined;
  /** The location document that Geolocation names. */
  readonly location: string | undefined;
  readonly historyInfo: string | undefined;
}

export const firstPsap = 'sip:madrid@esinet.lab';
export const secondPsap = 'sip:catalunya@esinet.lab';

/** An APP with nothing but a clock and a far side that answers 200 and says what a spec tells it to. */
export class AppSide {
  readonly clock = new ManualClock();
  readonly sent: Seen[] = [];
  readonly shown: string[] = [];
  readonly phases: string[] = [];
  readonly client: ChatClient;
  #reference = 0;

  constructor(o: Partial<ChatClientOptions> = {}) {
    this.client = new ChatClient({
      callId: newCallId(countingIds(), 'app.lab'),
      service: 'urn:service:sos',
      from: '<sip:ana@provider.lab>;tag=1',
      element: 'app.lab',
      at: { lat: 40.4168, lon: -3.7038 },
      clock: this.clock,
      ...o,
    });
    this.client.connect({
      send: (request) => {
        this.sent.push(seen(request));
        return Promise.resolve({ kind: 'answered', status: 200 });
      },
      close: () => Promise.resolve(),
    });
    this.client.onMessage(({ text }) => this.shown.push(text));
    this.client.onState((phase) => this.phases.push(phase));
  }

  /** The PSAP says something; gives what the APP answers. */
  async hear(messageType: number, messageId: number | undefined, more: Partial<AppIncoming> = {}) {
    const named = (what: string, value: number | string) =>
      `<urn:emergency:service:uid:${what}:${value}:psap.lab>;purpose=EmergencyCallData.`;
    const status = this.client.receive({
      sender: 'sip:madrid@psap.esinet.internal',
      replyTo: firstPsap,
      callInfo: [
        `<${this.client.callId}>;purpose=EmergencyCallData.CallId`,
        ...(messageId === undefined ? [] : [`${named('msgid', messageId)}MsgId`]),
        `${named('msgtype', messageType)}MsgType`,
      ],
      texts: [`${messageType}/${messageId}`],
      reference: `psap ${(this.#reference += 1)}`,
      ...more,
    });
    await this.clock.run(1);
    return status;
  }

  /** A chat that the PSAP has taken up. */
  async open(): Promise<this> {
    void this.client.start('help, at home');
    await this.clock.run(1);
    await this.hear(257, 1);
    return this;
  }

  last(): Seen {
    const last = this.sent.at(-1);
    if (!last) throw new Error('nothing sent');
    return last;
  }
}

function seen({ uri, from, headers, parts }: AppRequest): Seen {
  const values = (name: string) => headers.filter(([n]) => n === name).map(([, value]) => value);
  const text = parts.find(({ contentType }) => contentType.startsWith('text/plain'));
  const location = parts.find(({ contentType }) => contentType === 'application/pidf+xml');
  const named = values('Geolocation').some((value) => value.includes(`<cid:${location?.contentId}>`));
  const { callId, messageId, messageType } = readIdentifiers(values('Call-Info'));
  return {
    uri,
    from,
    callInfo: values('Call-Info'),
    ...(callId !== undefined && { callId }),
    ...(messageId !== undefined && { messageId }),
    ...(messageType !== undefined && { messageType }),
    text: text && String(text.body),
    textType: text?.contentType,
    location: location && named ? String(location.body) : undefined,
    historyInfo: values('History-Info')[0],
  };
}
