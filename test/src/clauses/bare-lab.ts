import {
  type Destination,
  type ListenOptions,
  type SipMessage,
  type UacOutcome,
  type UacRequest,
} from '@esinet/sip';
import { loadTls, parseDestination } from '@esinet/platform';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';
import { type Lab, startLab } from '../lab.js';

/** Two bare user agents outside of a lab. */
export interface Outside {
  /** Known to the border by its certificate: what it asserts is passed on. */
  readonly provider: LoopbackAgent;
  readonly caller: LoopbackAgent;
  fromProvider(request: Partial<UacRequest>): Promise<SipMessage>;
  fromCaller(request: Partial<UacRequest>): Promise<SipMessage>;
  close(): Promise<void>;
}

/** A lab whose PSAP is a bare user agent as well. */
export interface BareLab extends Outside {
  readonly lab: Lab;
  readonly psap: LoopbackAgent;
  /** To the border's inner side. */
  fromPsap(request: Partial<UacRequest>): Promise<SipMessage>;
}

const start = {
  method: 'MESSAGE',
  uri: 'urn:service:sos',
  from: 'sip:ana@provider.lab',
  to: 'urn:service:sos',
  contentType: 'text/plain; charset=utf-8',
  body: 'help',
} as const;

export async function startBareLab(): Promise<BareLab> {
  const psap = await loopbackAgent();
  const hop = parseDestination(`tcp:127.0.0.1:${psap.port('tcp')}`);
  if (!hop.ok) throw new Error(hop.error);
  const lab = await startLab((config) => ({
    ...config,
    esrp: { ...config.esrp, hosts: { 'psap.esinet.internal': [hop.value] } },
    // What is for the provider's domain goes back the way it came: the provider of the lab knows nobody here.
    bcf: { ...config.bcf, psaps: { '*': [hop.value] }, domains: {} },
  }));
  const outside = await openOutside(lab);
  const inner: Destination = { transport: 'tcp', address: '127.0.0.1', port: lab.port(15_062) };
  return {
    ...outside,
    lab,
    psap,
    fromPsap: async (request) => answered(await psap.send({ ...start, ...request, destination: inner })),
    async close() {
      await lab.close();
      await Promise.all([outside.close(), psap.stop()]);
    },
  };
}

export async function openOutside(lab: Lab): Promise<Outside> {
  const listeners: ListenOptions[] = [{ name: 'udp', transport: 'udp', host: '127.0.0.1', port: 0 }];
  const provider = await loopbackAgent(listeners, await loadTls(lab.running.pkiFolder, 'provider'));
  const caller = await loopbackAgent();
  const at = (transport: Destination['transport'], port: number): Destination => ({
    transport,
    address: '127.0.0.1',
    port: lab.port(port),
  });
  const toBorder = { ...at('tls', 15_061), serverName: 'esinet.lab' };
  return {
    provider,
    caller,
    fromProvider: async (request) =>
      answered(await provider.send({ ...start, ...request, destination: toBorder })),
    fromCaller: async (request) =>
      answered(await caller.send({ ...start, ...request, destination: at('tcp', 15_060) })),
    async close() {
      await Promise.all([provider.stop(), caller.stop()]);
    },
  };
}

function answered(outcome: UacOutcome): SipMessage {
  if (outcome.kind !== 'response') throw new Error(`no answer: ${outcome.reason}`);
  return outcome.message;
}
