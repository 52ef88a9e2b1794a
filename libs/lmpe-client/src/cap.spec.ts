import { readPidfLo } from '@esinet/location';
import { describe, expect, it } from 'vitest';
import { alertRequest } from './alert-request.js';
import { CAP_NS, maxCapOctets, readCap } from './cap.js';

interface Parts {
  readonly alert?: string;
  readonly info?: string;
  readonly area?: string;
}

const head =
  '<identifier>boat-7</identifier><sender>sip:boat@lab</sender><sent>2026-01-31T12:00:00+01:00</sent>' +
  '<status>Exercise</status><msgType>Alert</msgType><scope>Private</scope><incidents>boat-7-1</incidents>';
const body =
  '<category>Safety</category><event>Water in the hold</event><urgency>Immediate</urgency>' +
  '<severity>Severe</severity><certainty>Observed</certainty>';

const cap = ({ alert = head, info = body, area = '' }: Parts = {}, namespace = CAP_NS): string =>
  `<alert xmlns="${namespace}">${alert}<info>${info}${area}</info></alert>`;

const without = (text: string, name: string): string =>
  text.replace(new RegExp(`<${name}>[^<]*</${name}>`), '');

const problemsOf = (document: string): readonly string[] => {
  const read = readCap(document);
  return read.ok ? [] : read.error;
};

describe('an alert to be sent', () => {
  it('is read where it has all it needs', { meta: { clause: 'RFC 8876 4.2' } }, () => {
    const area = '<area><areaDesc>Bay</areaDesc><circle>43.46,-3.79 1.5</circle></area>';
    expect(readCap(cap({ area }))).toEqual({
      ok: true,
      value: {
        identifier: 'boat-7',
        sender: 'sip:boat@lab',
        sent: '2026-01-31T12:00:00+01:00',
        status: 'Exercise',
        msgType: 'Alert',
        event: 'Water in the hold',
        areas: [{ type: 'circle', center: [-3.79, 43.46], radius: 1_500 }],
        warnings: [],
      },
    });
  });

  it.each(['identifier', 'sender', 'sent', 'status', 'msgType', 'scope', 'incidents'])(
    'needs <%s>',
    { meta: { clause: 'RFC 8876 4.2' } },
    (name) => {
      expect(problemsOf(cap({ alert: without(head, name) }))).toEqual([`<alert> has no <${name}>`]);
    },
  );

  it.each(['category', 'event', 'urgency', 'severity', 'certainty'])('needs <%s> in its info', (name) => {
    expect(problemsOf(cap({ info: without(body, name) }))).toEqual([`<info> has no <${name}>`]);
  });

  it('needs an info block, unless it is about another alert', () => {
    const bare = (type: string): string =>
      `<alert xmlns="${CAP_NS}">${head.replace('>Alert<', `>${type}<`)}</alert>`;
    expect(problemsOf(bare('Alert'))).toEqual(['<alert> has no <info>']);
    expect(problemsOf(bare('Cancel'))).toEqual([]);
  });

  it.each([
    ['a value CAP does not know', cap({ alert: head.replace('Exercise', 'Drill') }), '<status> is one of'],
    ['an unknown category', cap({ info: body.replace('Safety', 'Boats') }), '<category> is one of'],
    [
      'a blank in the identifier',
      cap({ alert: head.replace('boat-7<', 'boat 7<') }),
      '<identifier> must not',
    ],
    ['a time that is none', cap({ alert: head.replace('T12', ' 12') }), '<sent> is a date'],
    ['a month that is none', cap({ alert: head.replace('-01-31', '-13-31') }), '<sent> is a date'],
    [
      'an open polygon',
      cap({ area: '<area><areaDesc>x</areaDesc><polygon>1,1 2,2 3,3 4,4</polygon></area>' }),
      '<polygon>',
    ],
    [
      'a circle in miles',
      cap({ area: '<area><areaDesc>x</areaDesc><circle>1,1 5mi</circle></area>' }),
      '<circle>',
    ],
    [
      'a latitude beyond the pole',
      cap({ area: '<area><areaDesc>x</areaDesc><circle>91,1 5</circle></area>' }),
      '<circle>',
    ],
    [
      'an area without a name',
      cap({ area: '<area><circle>1,1 5</circle></area>' }),
      '<area> has no <areaDesc>',
    ],
    [
      'a parameter without a value',
      cap({ info: `${body}<parameter><valueName>t</valueName></parameter>` }),
      '<parameter> has no <value>',
    ],
    ['CAP 1.1', cap({}, 'urn:oasis:names:tc:emergency:cap:1.1'), 'namespace'],
    ['another document', '<presence/>', 'the root is <presence>'],
    ['one that is not well-formed', cap().replace('</info>', ''), 'not well-formed'],
    ['one with a DOCTYPE', `<!DOCTYPE alert>${cap()}`, 'doctype'],
    [
      'one that belongs by reference',
      cap({ info: `${body}<note>${'x'.repeat(maxCapOctets)}</note>` }),
      'too-large',
    ],
  ])('is not %s', { meta: { clause: 'RFC 8876 4.2' } }, (_, document, problem) => {
    expect(problemsOf(document).join()).toContain(problem);
  });

  it('may be what a careful receiver frowns at', () => {
    const read = readCap(cap({ alert: head.replace('+01:00', 'Z') }));
    expect(read.ok && read.value.warnings).toEqual(['<sent>: CAP wants -00:00 rather than Z']);
  });
});

describe('a non-interactive call', () => {
  const send = { uri: 'urn:service:sos', from: '<sip:boat@lab>;tag=1', element: 'boat.lab', now: 0 };
  const alertOf = (document: string) => {
    const read = readCap(document);
    if (!read.ok) throw new Error(read.error.join());
    return { document, alert: read.value };
  };

  it(
    'is an alert with a location, and no chat',
    { meta: { clause: ['RFC 8876 4.1', 'RFC 8876 4.3', 'RFC 7852 6.2'] } },
    () => {
      const document = cap();
      const request = alertRequest({
        ...send,
        cap: alertOf(document),
        location: { at: { lat: 43.4, lon: -3.8 } },
      });
      expect(request.headers).toEqual([
        ['Call-Info', '<cid:data-1@boat.lab>;purpose=EmergencyCallData.cap'],
        ['Geolocation', '<cid:location@boat.lab>'],
        ['Geolocation-Routing', 'yes'],
      ]);
      expect(request.parts[0]).toEqual({
        contentType: 'application/EmergencyCallData.cap+xml',
        contentId: 'data-1@boat.lab',
        disposition: 'by-reference;handling=optional',
        body: document,
      });
    },
  );

  it('tells the areas of an alert as its location', { meta: { clause: 'RFC 8876 4.2' } }, () => {
    const area =
      '<area><areaDesc>Bay</areaDesc><polygon>43,-4 43,-3 44,-3 43,-4</polygon><circle>43.46,-3.79 2</circle></area>';
    const { headers, parts } = alertRequest({ ...send, cap: alertOf(cap({ area })) });
    expect(headers.filter(([name]) => name === 'Geolocation')).toHaveLength(2);
    const read = readPidfLo(String(parts[1]?.body));
    expect(read.ok && read.value.entity).toBe('sip:boat@lab');
    expect(read.ok && read.value.shapes[0]?.type).toBe('polygon');
  });

  it('may name where its alert is', { meta: { clause: ['RFC 8876 4.1', 'RFC 8876 7'] } }, () => {
    const { headers, parts } = alertRequest({ ...send, cap: { uri: 'https://boat.lab/alert' } });
    expect(headers).toEqual([['Call-Info', '<https://boat.lab/alert>;purpose=EmergencyCallData.cap']]);
    expect(parts).toEqual([]);
  });
});
