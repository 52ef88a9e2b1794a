import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { esrpConfigSchema, startEsrp } from '@esinet/element-esrp';
import { silentLogger } from '@esinet/kernel';
import { type RunningElement, SipEdge } from '@esinet/platform';
import type { SipMessage } from '@esinet/sip';
import { type LoopbackAgent, freePort, loopbackAgent } from '@esinet/testing';
import { callInfo } from '../interop/chat-body.js';

/** A border and a router over sockets, with a caller before them and a bare user agent as the PSAP behind. */
export interface BorderAndRouter {
  readonly bcf: RunningElement;
  readonly esrp: RunningElement;
  readonly caller: LoopbackAgent;
  readonly psap: LoopbackAgent;
  start(callId: string, uri?: string): Promise<SipMessage | string>;
  /** A message of a chat that runs. */
  goOn(callId: string): Promise<SipMessage | string>;
  close(): Promise<void>;
}

export async function startBorderAndRouter(o: {
  readonly bcf?: Record<string, unknown>;
  readonly esrp?: Record<string, unknown>;
}): Promise<BorderAndRouter> {
  const platform = { logger: silentLogger };
  const [psap, caller] = [await loopbackAgent(), await loopbackAgent()];
  const centre = [`tcp:127.0.0.1:${psap.port('tcp')}`];
  const local = { http: { port: 0 } };
  const esrp = await startEsrp(
    esrpConfigSchema.parse({
      ...local,
      listen: { udp: 0, tcp: 0 },
      hosts: { 'psap.esinet.internal': centre },
      // Nobody is there: every call goes to the default PSAP.
      ecrf: { url: `http://127.0.0.1:${await freePort()}/lost` },
      held: { lis: null },
      overload: o.esrp,
    }),
    platform,
  );
  const bcf = await startBcf(
    bcfConfigSchema.parse({
      ...local,
      public: { udp: 0, tcp: 0, tls: null },
      private: { udp: 0, tcp: 0 },
      esrp: [`tcp:127.0.0.1:${esrp.get(SipEdge).port('tcp')}`],
      psaps: { '*': centre },
      // Each refusal is heard of, however slow the machine is.
      overload: { refusing: 1, ...o.bcf },
    }),
    platform,
  );
  const destination = {
    transport: 'udp' as const,
    address: '127.0.0.1',
    port: bcf.get(SipEdge).port('public-udp') ?? 0,
  };
  const say = async (callId: string, uri: string, messageType: number) => {
    const m = { callId, messageId: 1, messageType, text: '', latitude: 0, longitude: 0 };
    const outcome = await caller.send({
      method: 'MESSAGE',
      uri,
      from: 'sip:ana@provider.lab',
      to: uri,
      destination,
      headers: callInfo(m).map((value) => ['Call-Info', value] as const),
      contentType: 'text/plain; charset=utf-8',
      body: 'help',
    });
    return outcome.kind === 'response' ? outcome.message : outcome.reason;
  };
  return {
    bcf,
    esrp,
    caller,
    psap,
    start: (callId, uri = 'urn:service:sos') => say(callId, uri, 257),
    goOn: (callId) => say(callId, 'sip:madrid@esinet.lab', 259),
    async close() {
      await bcf.close();
      await esrp.close();
      await Promise.all([caller.stop(), psap.stop()]);
    },
  };
}

export const statusOf = (answer: SipMessage | string): number | string =>
  typeof answer === 'string' ? answer : answer.status;
