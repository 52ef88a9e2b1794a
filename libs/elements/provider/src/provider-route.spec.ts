import {
  type Flow,
  type HeaderEdit,
  type SipMessage,
  buildRequest,
  editMessage,
  parseDatagram,
} from '@esinet/sip';
import { describe, expect, it } from 'vitest';
import type { Sender } from './policy.js';
import { type ProviderContext, type ProviderRouted, routeAtProvider } from './provider-route.js';

const border = { transport: 'tls', address: '10.0.0.5', port: 15061, serverName: 'esinet.lab' } as const;
const plain = { transport: 'tcp', address: '10.0.0.5', port: 15060 } as const;

const flow: Flow = {
  id: 'ws-1',
  transport: 'ws',
  listener: 'ws',
  localAddress: '10.0.0.4',
  localPort: 15080,
  remoteAddress: '198.51.100.7',
  remotePort: 50000,
  reliable: true,
  open: true,
  send: () => undefined,
  onError: () => () => undefined,
};

const context: ProviderContext = {
  policy: {
    domain: 'provider.lab',
    numbers: new Set(['112', '061']),
    esinetDomains: new Set(['esinet.lab']),
    accounts: new Set(['caller1', 'caller2']),
  },
  border: [border, plain],
  bindings: (user) =>
    user === 'caller1'
      ? [
          { contact: 'sip:x@abc.invalid;transport=ws', path: [], flow },
          { contact: 'sip:x@192.0.2.7', path: ['<sip:edge.provider.lab;lr>'] },
        ]
      : [],
  isOwnAddress: (uri) => uri.host === '127.0.0.1' && uri.port === 15050,
};

const stranger: Sender = { isBorder: false };
const user: Sender = { isBorder: false, account: 'caller1' };
const bcf: Sender = { isBorder: true };

function request(
  uri: string,
  o: { method?: string; headers?: readonly (readonly [string, string])[] } = {},
): SipMessage {
  const method = o.method ?? 'MESSAGE';
  return message(
    buildRequest({
      method,
      uri,
      headers: [
        ['Via', 'SIP/2.0/WS abc.invalid;branch=z9hG4bKf'],
        ['Max-Forwards', '70'],
        ['From', '<sip:caller1@provider.lab>;tag=1'],
        ['To', `<${uri}>`],
        ['Call-ID', 'c1'],
        ['CSeq', `1 ${method}`],
        ...(o.headers ?? []),
      ],
    }),
  );
}

function message(bytes: Buffer): SipMessage {
  const parsed = parseDatagram(bytes);
  if (parsed.kind !== 'message') throw new Error(parsed.kind);
  return parsed.message;
}

function leaving(request: SipMessage, { decision }: ProviderRouted, target = 0): SipMessage {
  if (decision.kind !== 'forward') throw new Error(`not forwarded: ${decision.kind}`);
  const chosen = decision.targets[target];
  const edits: HeaderEdit[] = [...(decision.edits ?? []), ...(chosen?.edits ?? [])];
  return message(
    editMessage(request, { ...(chosen?.uri !== undefined && { requestUri: chosen.uri }), edits }),
  );
}

describe('emergency traffic goes to the border', () => {
  const uris = [
    'urn:service:sos',
    'urn:service:sos.fire',
    'urn:service:test.sos',
    'URN:SERVICE:SOS.test',
    'sip:112@provider.lab',
    'sip:112@anywhere.example',
    'tel:112',
    'tel:1-1-2',
    'sip:061;phone-context=+34@provider.lab',
    'sip:urn%3Aservice%3Asos@provider.lab',
    'sip:madrid@esinet.lab',
  ];
  it.each(uris)('%s', { meta: { clause: 'TS 103 698 D.1; RFC 5031' } }, (uri) => {
    for (const sender of [user, stranger, bcf]) {
      const before = request(uri);
      const routed = routeAtProvider(before, sender, context);
      expect(routed.decision).toMatchObject({
        kind: 'forward',
        targets: [{ destination: border }, { destination: plain }],
      });
      const after = leaving(before, routed);
      expect(after.requestUri).toBe(uri);
      expect(after.header('P-Asserted-Identity')).toBe(sender.account && '<sip:caller1@provider.lab>');
    }
  });

  it(
    'asserts the account and nothing a user agent says',
    { meta: { clause: 'RFC 3325 5, 8', shall: ['6.1.2.3-14', '6.2.2-15'] } },
    () => {
      const forged = [
        ['P-Asserted-Identity', '<sip:minister@gov.example>, <tel:+34>'],
        ['P-Preferred-Identity', '<sip:minister@gov.example>'],
        ['Route', '<sip:203.0.113.9;lr>'],
      ] as const;
      const before = request('urn:service:sos', { headers: forged });
      const known = leaving(before, routeAtProvider(before, user, context));
      expect(known.values('P-Asserted-Identity')).toEqual(['<sip:caller1@provider.lab>']);
      const unknown = leaving(before, routeAtProvider(before, stranger, context));
      expect(unknown.has('P-Asserted-Identity')).toBe(false);
      for (const after of [known, unknown]) {
        expect(after.has('P-Preferred-Identity')).toBe(false);
        expect(after.has('Route')).toBe(false);
      }
    },
  );
});

describe('to a user', () => {
  it(
    'goes over the flow of each binding, from the border and from users',
    { meta: { clause: 'RFC 5626 5.3; RFC 3327 5.3' } },
    () => {
      const headers = [['P-Asserted-Identity', '<sip:madrid@esinet.lab>']] as const;
      const before = request('sip:caller1@provider.lab', { headers });
      const routed = routeAtProvider(before, bcf, context);
      expect(routed.decision).toMatchObject({
        targets: [
          { uri: 'sip:x@abc.invalid;transport=ws', destination: flow, listener: 'ws' },
          { uri: 'sip:x@192.0.2.7' },
        ],
      });
      expect(leaving(before, routed).header('P-Asserted-Identity')).toBe('<sip:madrid@esinet.lab>');
      expect(leaving(before, routed, 1).values('Route')).toEqual(['<sip:edge.provider.lab;lr>']);
      expect(leaving(before, routeAtProvider(before, user, context)).header('P-Asserted-Identity')).toBe(
        '<sip:caller1@provider.lab>',
      );
    },
  );

  it('tells unknown, absent and forbidden apart', { meta: { clause: 'RFC 3261 16.5, 21.4' } }, () => {
    const status = (uri: string, sender: Sender) => routeAtProvider(request(uri), sender, context).decision;
    expect(status('sip:nobody@provider.lab', bcf)).toMatchObject({ status: 404 });
    expect(status('sip:caller2@provider.lab', bcf)).toMatchObject({ status: 480 });
    expect(status('sip:caller1@provider.lab', stranger)).toMatchObject({ status: 403 });
    // A stranger learns nothing about who has an account.
    expect(status('sip:nobody@provider.lab', stranger)).toMatchObject({ status: 403 });
    expect(status('sip:x@elsewhere.example', stranger)).toMatchObject({ status: 403 });
    expect(status('sip:x@elsewhere.example', user)).toMatchObject({ status: 404 });
    expect(status('sip:x@elsewhere.example', bcf)).toMatchObject({ status: 403 });
    expect(status('tel:+34915555555', user)).toMatchObject({ status: 416 });
  });
});

it('refuses methods it has no use for', { meta: { clause: 'RFC 3261 8.2.1' } }, () => {
  const { decision } = routeAtProvider(
    request('sip:caller1@provider.lab', { method: 'PUBLISH' }),
    user,
    context,
  );
  expect(decision).toMatchObject({
    kind: 'reject',
    status: 405,
    headers: [['Allow', expect.stringContaining('REGISTER')]],
  });
});
