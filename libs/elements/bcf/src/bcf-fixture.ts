import { type SipMessage, buildRequest } from '@esinet/sip';
import { sipMessage } from '@esinet/testing';
import { translatedFields } from './config.js';
import type { BorderPolicy, Source } from './policy.js';
import type { NextHops, ScreenContext } from './screen.js';

/** What the specs of this element share: requests, a policy and next hops. Not part of what the element exports. */

export interface Draft {
  readonly method?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly callId?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
}

export const chatId = 'urn:emergency:uid:callid:abcdefghijklmnopqrstuvwxyz1234:app.example';

export function request(o: Draft = {}): SipMessage {
  const method = o.method ?? 'MESSAGE';
  return sipMessage(
    buildRequest({
      method,
      uri: o.uri ?? 'urn:service:sos',
      headers: [
        ['Via', 'SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKfixture'],
        ['Max-Forwards', '70'],
        ['From', `${o.from ?? '<sip:anna@app.example>'};tag=1`],
        ['To', `<${o.uri ?? 'urn:service:sos'}>`],
        ['Call-ID', o.callId ?? 'call-1@192.0.2.1'],
        ['CSeq', `1 ${method}`],
        ...(o.headers ?? []),
      ],
      body: o.body ?? '',
    }),
  );
}

export const chatHeader = ['Call-Info', `<${chatId}>;purpose=EmergencyCallData.CallId`] as const;

export const policy: BorderPolicy = {
  elementId: 'bcf.esinet.lab',
  numbers: new Map([
    ['112', 'urn:service:sos'],
    ['911', 'urn:service:sos'],
    ['061', 'urn:service:sos.ambulance'],
  ]),
  numberDomains: '*',
  publicDomain: 'esinet.lab',
  privateDomain: 'psap.esinet.internal',
  translate: { inwards: translatedFields, outwards: translatedFields },
  emergencyPriority: 'esnet.1',
  callbackPriority: 'esnet.0',
  removeFromUntrusted: ['P-Asserted-Identity', 'P-Preferred-Identity', 'P-Access-Network-Info'],
  nenaIdentifiers: true,
  defaultPsapUri: 'sip:default@psap.esinet.internal',
  secretLength: 20,
};

const esrp = { transport: 'tcp', address: '10.0.0.7', port: 15070 } as const;
const psap = { transport: 'tcp', address: '10.0.0.8', port: 15075 } as const;
const provider = { transport: 'tcp', address: '10.0.0.9', port: 15050 } as const;
const sibling = { transport: 'tcp', address: '10.0.0.10', port: 15062 } as const;
const borderB = { transport: 'tls', address: '10.1.0.6', port: 5061, serverName: 'public.b' } as const;

export const hops: NextHops = {
  esrps: [esrp],
  psap: () => [psap],
  domain: (domain) => {
    if (domain === 'provider.lab') return [provider];
    return ['public.b', 'psap.b', 'provider.b'].includes(domain) ? [borderB] : [];
  },
  isPeeredEsinet: (domain) => domain === 'public.b',
  back: (flow, { throughSiblings }) => {
    if (flow.flowId === 'gone') return [];
    if (flow.instance === 'bcf-2')
      return throughSiblings ? [{ destination: sibling, listener: 'private-tcp', sibling: true }] : [];
    const { transport, address, port, listener } = flow;
    return [{ destination: { transport, address, port }, listener }];
  },
  siblings: () => [],
  beyond: ({ transport, address, port, flowId }, listener) =>
    flowId === 'gone' ? undefined : { destination: { transport, address, port }, listener },
};

export const destinations = { esrp, psap, provider, borderB, sibling };

export const context: ScreenContext = {
  policy,
  hops,
  isOwnAddress: (uri) => uri.host === '127.0.0.1' && (uri.port === 15060 || uri.port === 15062),
  listenerOf: (side, transport) => `${side}-${transport}`,
  instance: 'bcf-1',
};

export const stranger: Source = { listener: 'public-tcp', side: 'public' };
export const peer: Source = {
  listener: 'public-tls',
  side: 'public',
  peer: { name: 'provider', trusted: true, relay: [] },
};
/** The border of another ESInet. */
export const esinetB: Source = {
  listener: 'public-tls',
  side: 'public',
  peer: {
    name: 'esinet-b',
    trusted: true,
    relay: ['provider.lab'],
    esinet: { publicDomain: 'public.b', privateDomain: 'psap.b', domains: ['provider.b'] },
  },
};
export const inside: Source = { listener: 'private-tcp', side: 'private' };
