import { type Records, type RunningElement, SipEdge } from '@esinet/platform';
import { until } from '@esinet/testing';
import { psapConfigSchema } from '../config.js';
import { Caller, TryingRecords, identify } from '../psap-fixture.js';
import { startPsap } from '../start-psap.js';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

/** A PSAP with its REST interface, and a caller on UDP who is also its next hop. */
export class ApiBench {
  private constructor(
    readonly caller: Caller,
    readonly records: Records,
    readonly element: RunningElement,
    private readonly closeCaller: boolean,
  ) {}

  static async open(
    config: Readonly<Record<string, unknown>> = {},
    o: { caller?: Caller; callerPort?: number; records?: Records } = {},
  ): Promise<ApiBench> {
    const caller = o.caller ?? new Caller();
    const port = o.callerPort ?? (await caller.start());
    const records = o.records ?? new TryingRecords();
    const element = await startPsap(
      psapConfigSchema.parse({
        listeners: [{ name: 'psap-udp', transport: 'udp', port: 0 }],
        http: { port: 0 },
        centres: [
          { uri: 'sip:madrid@psap.esinet.internal', name: '112 Madrid (lab)' },
          { uri: 'sip:toledo@psap.esinet.internal', name: '112 Toledo (lab)' },
        ],
        outboundProxy: `udp:127.0.0.1:${port}`,
        script: 'greet',
        drain: 0,
        ...config,
      }),
      { records },
    );
    return new ApiBench(caller, records, element, o.caller === undefined);
  }

  get port(): number {
    return this.element.get<SipEdge>(SipEdge).port('psap-udp') ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.element.http.port}`;
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const answer = await fetch(`${this.url}/api/${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const contentType = answer.headers.get('content-type') ?? '';
    const text = await answer.text();
    const json = contentType.includes('json');
    return { status: answer.status, contentType, body: json ? (JSON.parse(text) as unknown) : text };
  }

  /** A caller begins; gives the Call Identifier once the centre has answered. */
  async begin(
    name: string,
    o: { centre?: string; uri?: string; headers?: readonly (readonly [string, string])[] } = {},
  ): Promise<string> {
    const callId = `urn:emergency:uid:callid:${name.padEnd(11, 'x')}:app.lab`;
    await this.send(callId, 257, 1, 'help', { from: `sip:${name}@provider.lab`, ...o });
    await until(async () => (await this.phase(callId)) === 'open' || undefined);
    return callId;
  }

  send(
    callId: string,
    type: number,
    id: number,
    body: string | Buffer,
    o: {
      from?: string;
      centre?: string;
      uri?: string;
      contentType?: string;
      headers?: readonly (readonly [string, string])[];
    } = {},
  ): Promise<number> {
    return this.caller.send(this.port, {
      callInfo: identify(type, id, callId),
      body,
      route: `<sip:${o.centre ?? 'madrid'}@psap.esinet.internal;lr>`,
      ...(o.from !== undefined && { from: o.from }),
      ...(o.uri !== undefined && { uri: o.uri }),
      ...(o.contentType !== undefined && { contentType: o.contentType }),
      ...(o.headers && { headers: o.headers }),
    });
  }

  async phase(callId: string): Promise<string | undefined> {
    const { body } = await this.call('GET', `chats/${encodeURIComponent(callId)}`);
    return (body as { phase?: string }).phase;
  }

  async close(): Promise<void> {
    await this.element.close();
    if (this.closeCaller) await this.caller.close();
  }
}
