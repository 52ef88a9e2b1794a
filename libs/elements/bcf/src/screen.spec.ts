import { readIdentifiers } from '@esinet/lmpe';
import { editMessage } from '@esinet/sip';
import { leaving, sipMessage } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import {
  chatHeader,
  chatId,
  context,
  destinations,
  inside,
  peer,
  policy,
  request,
  stranger,
} from './bcf-fixture.js';
import type { ChatFlow } from './chat-flow.js';
import { chatKeyOf, hasPriority, loadClassOf, screen, trafficOf } from './screen.js';

const phone: ChatFlow = {
  listener: 'public-udp',
  transport: 'udp',
  address: '198.51.100.4',
  port: 40000,
  flowId: 'udp|public-udp|198.51.100.4|40000',
};

describe('what is an emergency', () => {
  const cases: readonly [string, string][] = [
    ['urn:service:sos', 'urn:service:sos'],
    ['URN:service:SOS.fire', 'URN:service:SOS.fire'],
    ['urn:service:sos.test', 'urn:service:sos.test'],
    ['urn:service:test.sos.fire', 'urn:service:test.sos.fire'],
    ['urn:service:sos.unheard-of', 'urn:service:sos.unheard-of'],
    ['sip:112@esinet.lab', 'urn:service:sos'],
    ['sip:112@some.operator.example', 'urn:service:sos'],
    ['sips:112@esinet.lab;transport=tcp', 'urn:service:sos'],
    ['sip:112;phone-context=+34@x.example;user=phone', 'urn:service:sos'],
    ['sip:061@127.0.0.1', 'urn:service:sos.ambulance'],
    ['sip:112', 'urn:service:sos'],
    ['tel:112', 'urn:service:sos'],
    ['tel:1-1-2;phone-context=+34', 'urn:service:sos'],
    ['urn:service:911', 'urn:service:sos'],
    ['sip:urn%3Aservice%3Asos.fire@esinet.lab', 'urn:service:sos.fire'],
  ];
  it.each(cases)('%s', { meta: { clause: 'RFC 5031 4.2' } }, (uri, service) => {
    const before = request({ uri });
    const screening = screen(before, stranger, context);
    expect(screening.traffic).toBe('emergency');
    const after = leaving(before, screening);
    expect(after.requestUri).toBe(service);
    expect(after.header('To')).toBe(`<${uri}>`);
  });

  it('does not take user parts that only look like it', { meta: { clause: 'RFC 5031 4.2' } }, () => {
    for (const user of [
      '1123',
      '+112',
      'x112',
      '__proto__',
      'constructor',
      'urn%3aservice%3asos%0d%0aX',
      '112%0d',
    ]) {
      const screening = screen(request({ uri: `sip:${user}@elsewhere.example` }), stranger, context);
      expect(screening.decision, user).toMatchObject({ kind: 'reject', status: 404 });
    }
  });

  it('can be told in which domains numbers count', { meta: { clause: 'TS 103 698 D.1' } }, () => {
    const strict = { ...context, policy: { ...policy, numberDomains: new Set(['esinet.lab']) } };
    expect(screen(request({ uri: 'sip:112@esinet.lab' }), stranger, strict).traffic).toBe('emergency');
    expect(screen(request({ uri: 'sip:112@other.example' }), stranger, strict).traffic).toBe('refused');
  });
});

describe('never an open relay', () => {
  it('refuses what is for nobody here', { meta: { clause: 'RFC 3261 16.5' } }, () => {
    const cases: readonly [string, string, number][] = [
      ['MESSAGE', 'sip:bob@elsewhere.example', 404],
      ['MESSAGE', 'sip:bob@203.0.113.9:5060', 404],
      ['INVITE', 'tel:+34915555555', 416],
      ['MESSAGE', 'sip:anna@provider.lab', 404],
      ['MESSAGE', 'http://elsewhere.example/', 416],
      ['MESSAGE', 'sip:esinet.lab', 404],
      ['REGISTER', 'sip:esinet.lab', 405],
      ['REGISTER', 'urn:service:sos', 405],
      ['SUBSCRIBE', 'sip:madrid@esinet.lab', 403],
      ['SUBSCRIBE', 'urn:service:sos', 403],
      ['SUBSCRIBE', 'sip:esrp@psap.esinet.internal', 403],
      ['PUBLISH', 'sip:madrid@esinet.lab', 403],
      ['NOTIFY', 'sip:madrid@esinet.lab', 403],
      ['REFER', 'sip:madrid@esinet.lab', 403],
    ];
    for (const [method, uri, status] of cases) {
      const { decision } = screen(request({ method, uri }), stranger, context);
      expect(decision, `${method} ${uri}`).toMatchObject({ kind: 'reject', status });
      if (status === 405)
        expect(decision).toMatchObject({ headers: [['Allow', expect.stringContaining('MESSAGE')]] });
    }
  });

  it('does not follow a route of a stranger', { meta: { clause: 'RFC 3261 16.4' } }, () => {
    const before = request({ headers: [['Route', '<sip:203.0.113.9;lr>, <sip:public.b;lr>']] });
    const screening = screen(before, stranger, context);
    expect(screening.traffic).toBe('emergency');
    expect(screening.decision).toMatchObject({
      targets: [{ destination: destinations.esrp, listener: 'private-tcp' }, {}],
    });
    expect(leaving(before, screening).has('Route')).toBe(false);
  });

  it('relays between peers, and for peers only', { meta: { clause: 'TS 103 698 D.2' } }, () => {
    const before = request({
      uri: 'sip:b.1@public.b',
      headers: [['P-Asserted-Identity', '<sip:d.1@provider.a>']],
    });
    const screening = screen(before, peer, context);
    expect(screening).toMatchObject({
      traffic: 'relay',
      decision: { targets: [{ destination: destinations.borderB, listener: 'public-tls' }] },
    });
    expect(leaving(before, screening).header('P-Asserted-Identity')).toBe('<sip:d.1@provider.a>');
    expect(screen(before, stranger, context).decision).toMatchObject({ kind: 'reject', status: 404 });
  });

  it(
    'sends from inside only where the table or the chat says',
    { meta: { clause: 'TS 103 698 D.1' } },
    () => {
      const to = (uri: string) => screen(request({ uri, headers: [chatHeader] }), inside, context);
      expect(to('sip:anna@elsewhere.example').decision).toMatchObject({ kind: 'reject', status: 404 });
      expect(to('sip:anna@203.0.113.9:5060').decision).toMatchObject({ kind: 'reject', status: 404 });
      expect(to('sip:anna@provider.lab').decision).toMatchObject({
        targets: [{ destination: destinations.provider }],
      });
    },
  );
});

it('answers OPTIONS on both sides', { meta: { clause: 'RFC 3261 11.2' } }, () => {
  for (const uri of ['sip:127.0.0.1:15060', 'sip:ping@127.0.0.1:15062', 'sip:esinet.lab']) {
    for (const source of [stranger, inside]) {
      expect(screen(request({ method: 'OPTIONS', uri }), source, context).decision).toMatchObject({
        kind: 'answer',
        status: 200,
      });
    }
  }
});

describe('police', () => {
  const forged: readonly (readonly [string, string])[] = [
    ['P-Asserted-Identity', '<sip:minister@gov.example>'],
    ['P-Preferred-Identity', '<sip:minister@gov.example>'],
    ['P-Access-Network-Info', '3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=1'],
    ['History-Info', '<sip:other@elsewhere.example>;index=1'],
    ['Resource-Priority', 'esnet.4, ets.0'],
    ['Identity', 'eyJhbGciOiJFUzI1NiJ9..c2ln;info=<https://cert.example/a>'],
  ];

  it(
    'takes from a stranger what only a peer may say',
    {
      meta: {
        clause: 'RFC 3325 5; TS 103 698 6.1.2.5',
        shall: ['6.1.2.3-13', '6.1.2.3-14', '6.1.2.5-5', '6.1.2.5-14'],
      },
    },
    () => {
      const before = request({ headers: forged });
      const after = leaving(before, screen(before, stranger, context));
      for (const name of [
        'P-Asserted-Identity',
        'P-Preferred-Identity',
        'P-Access-Network-Info',
        'History-Info',
      ]) {
        expect(after.has(name), name).toBe(false);
      }
      expect(after.values('Resource-Priority')).toEqual(['esnet.1']);
      expect(after.has('Identity')).toBe(true);
    },
  );

  it(
    'believes a trusted peer, but not its priority',
    { meta: { clause: 'TS 103 698 6.1.2.5', shall: '6.1.2.5-5' } },
    () => {
      const before = request({ headers: forged });
      const after = leaving(before, screen(before, peer, context));
      expect(after.header('P-Asserted-Identity')).toBe('<sip:minister@gov.example>');
      expect(after.header('P-Access-Network-Info')).toContain('3GPP');
      expect(after.header('History-Info')).toBe('<sip:other@elsewhere.example>;index=1');
      expect(after.values('Resource-Priority')).toEqual(['esnet.1']);
    },
  );

  it(
    'lets a redirected start say which PSAP redirected it',
    { meta: { clause: 'TS 103 698 6.2.7', shall: ['6.1.2.6-6', '6.2.7-16'] } },
    () => {
      const history = '<sip:madrid@esinet.lab>;index=1, <sip:made@up.example>;index=1.1';
      const before = request({
        uri: 'sip:toledo@esinet.lab',
        headers: [chatHeader, ['History-Info', history]],
      });
      const after = leaving(before, screen(before, stranger, context));
      expect(after.values('History-Info')).toEqual(['<sip:madrid@psap.esinet.internal>;index=1']);
    },
  );

  it(
    'records that a number was turned into a service',
    { meta: { clause: 'RFC 7044 9.2', shall: '6.1.2.6-4' } },
    () => {
      const before = request({ uri: 'sip:112@provider.lab' });
      const after = leaving(before, screen(before, stranger, context));
      expect(after.values('History-Info')).toEqual([
        '<sip:112@provider.lab>;index=1',
        '<urn:service:sos>;index=1.1;rc=1',
      ]);
    },
  );

  it(
    'marks call-backs within an incident and no others',
    { meta: { clause: 'TS 103 698 6.1.2.5', shall: ['6.1.2.5-8', '6.1.2.5-13'] } },
    () => {
      const back = (headers: readonly (readonly [string, string])[], known: boolean) => {
        const before = request({
          uri: 'sip:anna@provider.lab',
          from: '<sip:madrid@psap.esinet.internal>',
          headers,
        });
        return leaving(before, screen(before, inside, context, known ? { current: phone } : undefined));
      };
      expect(back([chatHeader], true).values('Resource-Priority')).toEqual(['esnet.0']);
      expect(back([chatHeader, ['Resource-Priority', 'esnet.2']], true).values('Resource-Priority')).toEqual([
        'esnet.2',
      ]);
      expect(back([['Resource-Priority', 'esnet.1']], false).has('Resource-Priority')).toBe(false);
    },
  );

  it(
    'believes a PSAP that says whether it calls back within an incident, and nobody else',
    { meta: { clause: ['TS 103 698 6.1.2.5', 'RFC 7090 5'], shall: ['6.1.2.5-8', '6.1.2.5-9'] } },
    () => {
      const start: [string, string] = [
        'Call-Info',
        '<urn:emergency:service:uid:msgtype:257:psap.lab>;purpose=EmergencyCallData.MsgType',
      ];
      const back = (headers: readonly (readonly [string, string])[], known: boolean) => {
        const before = request({
          uri: 'sip:anna@provider.lab',
          from: '<sip:madrid@psap.esinet.internal>',
          headers: [chatHeader, start, ...headers],
        });
        const inChat = known ? { current: phone } : undefined;
        return leaving(before, screen(before, inside, context, inChat));
      };
      const mark: [string, string] = ['Priority', 'psap-callback'];
      const marked = back([mark, ['Resource-Priority', 'esnet.0']], false);
      expect(marked.values('Resource-Priority')).toEqual(['esnet.0']);
      expect(marked.header('Priority')).toBe('psap-callback');
      expect(back([], true).has('Resource-Priority')).toBe(false);

      const forged = request({ headers: [chatHeader, mark] });
      expect(leaving(forged, screen(forged, stranger, context)).has('Priority')).toBe(false);
    },
  );
});

describe('when the border is crowded', () => {
  it(
    'calls and chats have priority, from whichever side; probes and what is for nobody give way',
    { meta: { clause: 'TS 103 698 6.1.2.5', shall: ['6.1.2.5-2', '6.1.2.5-4'] } },
    () => {
      const first = (draft: Parameters<typeof request>[0], from = stranger) =>
        hasPriority(request(draft), from, context);
      expect(first({ uri: 'urn:service:sos' })).toBe(true);
      expect(first({ uri: 'sip:112@anywhere.example' })).toBe(true);
      expect(first({ uri: 'sip:madrid@esinet.lab' })).toBe(true);
      expect(first({ uri: 'sip:anna@app.example' }, inside)).toBe(true);
      expect(first({ uri: 'sip:esinet.lab', method: 'OPTIONS' })).toBe(false);
      expect(first({ uri: 'sip:bob@elsewhere.example', headers: [['Resource-Priority', 'esnet.1']] })).toBe(
        false,
      );
    },
  );

  it(
    'test calls give way before starts, and nothing that runs, or asks whether the border lives',
    { meta: { clause: ['RFC 7339 5.10.1', 'TS 103 698 6.1.2.5'] } },
    () => {
      const load = (draft: Parameters<typeof request>[0], from = stranger) =>
        loadClassOf(request(draft), from, context);
      expect(load({ uri: 'urn:service:sos' })).toBe('emergency');
      expect(load({ uri: 'sip:112@anywhere.example' })).toBe('emergency');
      expect(load({ uri: 'urn:service:sos.test' })).toBe('other');
      expect(load({ uri: 'sip:bob@elsewhere.example', headers: [['Resource-Priority', 'esnet.1']] })).toBe(
        'other',
      );
      expect(load({ uri: 'sip:madrid@esinet.lab' })).toBe('running');
      expect(load({ uri: 'sip:anna@app.example' }, inside)).toBe('running');
      expect(load({ uri: 'sip:esinet.lab', method: 'OPTIONS' })).toBe('running');
    },
  );
});

describe('identifiers', () => {
  it(
    'keeps what the caller gave and adds the NENA pair beside it',
    { meta: { clause: 'TS 103 698 6.1.2.7' } },
    () => {
      const before = request({
        headers: [chatHeader, ['Call-Info', '<https://x.example/i.png>;purpose=icon']],
      });
      const after = leaving(before, screen(before, stranger, context));
      const values = after.values('Call-Info');
      expect(values.slice(0, 2)).toEqual([chatHeader[1], '<https://x.example/i.png>;purpose=icon']);
      expect(values[2]).toBe(`<${chatId}>;purpose=emergency-CallId`);
      expect(values[3]).toMatch(
        /^<urn:emergency:uid:incidentid:[a-z2-7]{26}:bcf\.esinet\.lab>;purpose=emergency-IncidentId$/,
      );
      expect(values).toHaveLength(4);
    },
  );

  it(
    'puts one before what cannot be read, so that the PSAP answers by it',
    { meta: { clause: 'TS 103 698 6.1.2.7' } },
    () => {
      for (const uri of ['', 'urn:emergency:uid:callid::app.lab', `urn:emergency:uid:callid:${'x'.repeat(300)}:app.lab`]) {
        const bad: [string, string] = ['Call-Info', `<${uri}>;purpose=EmergencyCallData.CallId`];
        const before = request({ headers: [bad] });
        const screening = screen(before, stranger, context);
        const values = leaving(before, screening).values('Call-Info');
        expect(values.slice(0, 2)).toEqual([`<${screening.callId}>;purpose=EmergencyCallData.CallId`, bad[1]]);
        expect(readIdentifiers(values)).toMatchObject({
          callId: screening.callId,
          problems: ['callId: given twice, first one taken'],
        });
      }
    },
  ); // prettier-ignore

  it(
    'assigns one that every message of the Call-ID comes to',
    { meta: { clause: 'TS 103 698 6.1.2.7', shall: '6.2.1-1' } },
    () => {
      const first = request();
      const screening = screen(first, stranger, context);
      expect(screening.callId).toMatch(/^urn:emergency:uid:callid:[a-z2-7]{26}:bcf\.esinet\.lab$/);
      const later = screen(request({ uri: 'sip:madrid@esinet.lab' }), stranger, context);
      expect(later.callId).toBe(screening.callId);
      expect(screen(request({ callId: 'other' }), stranger, context).callId).not.toBe(screening.callId);
      expect(screen(request({ from: '<sip:eve@app.example>' }), stranger, context).callId).not.toBe(
        screening.callId,
      );
      // A PSAP that answers by it finds the way back.
      const value = leaving(first, screening).values('Call-Info')[0] ?? '';
      const answer = request({ uri: 'sip:anna@app.example', headers: [['Call-Info', value]] });
      expect(chatKeyOf(answer, trafficOf(answer, inside, context), policy)).toEqual({
        chat: screening.callId,
        user: 'anna@app.example',
      });
    },
  );
});

describe('translation', () => {
  it(
    'turns the public name of a PSAP into the private one, To untouched',
    { meta: { clause: 'TS 103 698 D.1', shall: '6.2.2-16' } },
    () => {
      for (const uri of [
        'sip:madrid@esinet.lab',
        'sip:madrid@ESINET.lab:15060;transport=udp',
        'sip:madrid@127.0.0.1:15060',
        'sip:madrid@psap.esinet.internal',
      ]) {
        const before = request({ uri, headers: [chatHeader] });
        const screening = screen(before, stranger, context);
        expect(screening.decision).toMatchObject({ targets: [{ destination: destinations.psap }] });
        const after = leaving(before, screening);
        expect(after.requestUri, uri).toMatch(/^sip:madrid@psap\.esinet\.internal(;transport=udp)?$/);
        expect(after.header('To')).toBe(`<${uri}>`);
        expect(after.has('History-Info')).toBe(false);
      }
    },
  );

  it(
    'hides the private domain on the way out',
    { meta: { clause: 'TS 103 698 D.1, 6.2.2', shall: '6.2.2-16' } },
    () => {
      const before = request({
        uri: 'sip:anna@provider.lab',
        from: '"Madrid" <sip:madrid@psap.esinet.internal>',
        headers: [
          chatHeader,
          ['Reply-To', 'sip:madrid@psap.esinet.internal'],
          ['Contact', '"M" <sip:madrid@psap.esinet.internal:15075;transport=tcp>;expires=5'],
          ['P-Asserted-Identity', '<sip:madrid@psap.esinet.internal>, <tel:+3491>'],
          [
            'History-Info',
            '<urn:service:sos>;index=1, <sip:madrid@psap.esinet.internal?Reason=SIP%3Bcause%3D404>;index=1.1;mp=1',
          ],
        ],
      });
      const after = leaving(before, screen(before, inside, context));
      expect(after.header('Reply-To')).toBe('sip:madrid@esinet.lab');
      expect(after.header('Contact')).toBe('"M" <sip:madrid@esinet.lab;transport=tcp>;expires=5');
      expect(after.values('P-Asserted-Identity')).toEqual(['<sip:madrid@esinet.lab>', '<tel:+3491>']);
      expect(after.values('History-Info')[1]).toBe(
        '<sip:madrid@esinet.lab?Reason=SIP%3Bcause%3D404>;index=1.1;mp=1',
      );
      expect(after.header('From')).toContain('psap.esinet.internal');
      expect(after.requestUri).toBe('sip:anna@provider.lab');
    },
  );

  it('does the same in responses', { meta: { clause: 'TS 103 698 D.1' } }, () => {
    const before = request();
    const { decision } = screen(before, stranger, context);
    const response = sipMessage(
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKfixture\r\nFrom: <sip:anna@app.example>;tag=1\r\n' +
        'To: <urn:service:sos>;tag=2\r\nCall-ID: call-1@192.0.2.1\r\nCSeq: 1 MESSAGE\r\n' +
        'Contact: <sip:madrid@psap.esinet.internal>\r\nContent-Length: 0\r\n\r\n',
    );
    if (decision.kind !== 'forward' || !decision.responseEdits) throw new Error('no response edits');
    const after = sipMessage(editMessage(response, { edits: decision.responseEdits(response) }));
    expect(after.header('Contact')).toBe('<sip:madrid@esinet.lab>');
  });

  it(
    'passes the body on byte by byte',
    { meta: { clause: 'TS 103 698 6.1.2.8', shall: ['6.1.2.8-1', '6.1.2.8-5'] } },
    () => {
      const body = Buffer.from([0, 13, 10, 0xff, 0xfe, 0x80, 13, 10, 45, 45]);
      const before = request({ uri: 'tel:112', body, headers: [['Content-Type', 'application/x-unknown']] });
      expect(leaving(before, screen(before, stranger, context)).body.equals(body)).toBe(true);
    },
  );
});

describe('next hops', () => {
  it(
    'ends at the default PSAP when every ESRP is away',
    { meta: { clause: 'RFC 7044 10.2; RFC 3326 2', shall: ['6.1.2.6-4', '6.1.2.6-5'] } },
    () => {
      const before = request();
      const screening = screen(before, stranger, context);
      expect(screening.decision).toMatchObject({
        targets: [{ destination: destinations.esrp }, { destination: destinations.psap }],
      });
      const after = leaving(before, screening, 1);
      expect(after.requestUri).toBe('urn:service:sos');
      expect(after.values('Route')).toEqual(['<sip:default@psap.esinet.internal;lr>']);
      expect(after.header('Reason')).toBe('SIP;cause=503;text="no ESRP answered"');
      expect(after.values('History-Info')).toEqual([
        '<urn:service:sos>;index=1',
        '<sip:default@psap.esinet.internal?Reason=SIP%3Bcause%3D503%3Btext%3D%22no%20ESRP%20answered%22>;index=1.1;mp=1',
      ]);
      expect(leaving(before, screening, 0).has('Route')).toBe(false);
    },
  );

  it('goes back the way the chat came', { meta: { clause: 'TS 103 698 6.2.3', shall: '6.2.1-1' } }, () => {
    const before = request({
      uri: 'sip:anna@app.example',
      headers: [chatHeader, ['P-Asserted-Identity', '<sip:madrid@psap.esinet.internal>'], ['Privacy', 'id']],
    });
    const other = { ...phone, flowId: 'tcp-9', transport: 'tcp' } as const;
    const screening = screen(before, inside, context, { current: phone, alternate: other });
    expect(screening).toMatchObject({
      why: 'remembered flow',
      ways: [phone, other],
      decision: { targets: [{ listener: 'public-udp', destination: { transport: 'udp', port: 40000 } }, {}] },
    });
    expect(leaving(before, screening).has('P-Asserted-Identity')).toBe(false);
  });

  it('says so when the connection is gone', { meta: { clause: 'RFC 3261 21.4.18' } }, () => {
    const gone: ChatFlow = { ...phone, transport: 'tcp', flowId: 'gone' };
    const before = request({ uri: 'sip:anna@app.example', headers: [chatHeader] });
    expect(screen(before, inside, context, { current: gone }).decision).toMatchObject({
      kind: 'reject',
      status: 480,
    });
  });

  it(
    'falls back on the flow when the provider does not know its user',
    { meta: { clause: 'TS 103 698 D.1' } },
    () => {
      const before = request({ uri: 'sip:anna@provider.lab', headers: [chatHeader] });
      const screening = screen(before, inside, context, { current: phone });
      expect(screening.ways).toEqual([undefined, phone]);
    },
  );

  it('follows a route to another ESInet from inside', { meta: { clause: 'TS 103 698 D.2' } }, () => {
    const before = request({ headers: [['Route', '<sip:127.0.0.1:15062;lr>, <sip:esrp@public.b;lr>']] });
    expect(screen(before, inside, context)).toMatchObject({
      traffic: 'relay',
      decision: { targets: [{ destination: destinations.borderB }, { destination: destinations.psap }] },
    });
  });
});

it(
  'does not send a call back to the ESRP that could not place it',
  { meta: { clause: 'RFC 3261 16.3' } },
  () => {
    const before = request({ headers: [['Route', '<sip:c.1@unknown.example;lr>']] });
    expect(screen(before, inside, context).decision).toMatchObject({ kind: 'reject', status: 404 });
  },
);

it('chooses the way of outward messages itself', { meta: { clause: 'RFC 3261 16.6' } }, () => {
  const before = request({
    uri: 'sip:anna@provider.lab',
    headers: [['Route', '<sip:x@unknown.example;lr>']],
  });
  const screening = screen(before, inside, context);
  expect(screening.decision).toMatchObject({ targets: [{ destination: destinations.provider }] });
  expect(leaving(before, screening).has('Route')).toBe(false);
});

describe('whom is remembered', () => {
  it(
    'emergency and chat senders, by From and what a peer asserts',
    { meta: { clause: 'TS 103 698 6.2.3' } },
    () => {
      const headers = [chatHeader, ['P-Asserted-Identity', '<sip:anna.real@provider.lab>'] as const];
      expect(screen(request({ headers }), stranger, context).remember).toMatchObject({
        chats: [chatId],
        users: ['anna@app.example'],
        secretLength: 30,
      });
      expect(screen(request({ headers }), peer, context).remember?.users).toEqual([
        'anna@app.example',
        'anna.real@provider.lab',
      ]);
      expect(
        screen(request({ headers, uri: 'sip:madrid@esinet.lab' }), stranger, context).remember,
      ).toBeDefined();
    },
  );

  it('nobody who was refused, probed or came from inside', { meta: { clause: 'RFC 3261 16.3' } }, () => {
    const headers = [chatHeader];
    expect(
      screen(request({ headers, uri: 'sip:x@elsewhere.example' }), stranger, context).remember,
    ).toBeUndefined();
    expect(
      screen(request({ headers, method: 'OPTIONS', uri: 'sip:esinet.lab' }), stranger, context).remember,
    ).toBeUndefined();
    expect(screen(request({ headers }), inside, context).remember).toBeUndefined();
  });
});
