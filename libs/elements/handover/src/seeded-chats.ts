import type { Records } from '@esinet/platform';
import { writeMultipart } from '@esinet/sip';
import type { Category } from './model.js';
import type { ReviewDecision } from './sealing.js';

/**
 * For specs: chats made of whatever people, devices and programs may send, the same for the same seed. Each thing that
 * somebody may or may not get has a mark in it (`TXT7x`, `LOC7x`), so that a document can be searched for it.
 */
export interface SeededChats {
  readonly categories: readonly Category[];
  readonly includeTests: boolean;
  readonly selectors: readonly { readonly kind: 'uri' | 'call-id'; readonly value: string }[];
  readonly decisions: readonly ReviewDecision[];
  /** Marks of each message by its key in the records. */
  readonly marks: ReadonlyMap<string, Marks>;
}

export interface Marks {
  readonly id: number;
  /** Of those the ones that are in the request as it was received. */
  readonly parts: readonly ('LOC' | 'PIC' | 'SUB' | 'MIX')[];
  /** Whether the octets of the text have a character that XML cannot carry. */
  readonly odd: boolean;
}

export const target = 'tel:+34600000001';
export const range = { from: '2026-03-04T08:00:00Z', until: '2026-03-04T09:00:00Z' };

/** A source of chance that gives the same for the same seed: mulberry32. */
export function chanceOf(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  return { next, below, oneOf, happens: (share: number): boolean => next() < share };
}

type Chance = ReturnType<typeof chanceOf>;

const callIds = ['__proto__', 'constructor', 'urn:emergency:uid:callid:b"<&>\u0001:app.lab', ' x\r\ny ', ''];
const kinds = ['start', 'in-chat', 'in-chat', 'heartbeat', 'heartbeat-inactive', 'stop', 'other'];
const moments = ['07:59:59.999', '08:00:00.000', '08:30:00.123', '08:59:59.999', '09:00:00.000'];
const shapes: readonly object[] = [
  { type: 'circle', center: [-3.7, 40.4], radius: 12.5 },
  { type: 'circle', center: [-3.7, 40.4], radius: 1e300 },
  { type: 'circle', center: [999, -999], radius: -1 },
  { type: 'circle' },
  { type: 'polygon', rings: [] },
  { type: 'polygon', rings: [[[0, 0]]] },
  { type: 'polygon', rings: [[[179, 89], [-179, 89], [-179, 91], [179, 89]]] }, // prettier-ignore
  { type: 'ellipse', center: [0, 0], semiMajor: 'x' },
  { type: 'point', position: ['a', null] },
  { type: 'somewhere' },
];
const times = ['2026-03-04T08:00:00.5+14:00', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59-12:00', 'now', ''];
const types = ['image/png', 'IMAGE/PNG; a="b', 'application/x-<&>"\'', 'text/html', 'x', '', 'text/plain'];

/** Puts chats into the records and says what an order asks for and what a reviewer withholds. */
export async function recordSeededChats(seed: number, records: Records): Promise<SeededChats> {
  const chance = chanceOf(seed);
  const { below, oneOf, happens } = chance;
  const marks = new Map<string, Marks>();
  let id = 0;
  const chosen = `urn:emergency:uid:callid:chosen${seed}:app.lab`;
  for (let c = 0; c < 4; c++) {
    const chat = `chat-${c}`;
    const callId = c === 0 ? chosen : c === 1 ? oneOf(callIds) : `urn:emergency:uid:callid:c${c}:app.lab`;
    const caller = oneOf([
      target,
      target,
      `${target};a=b`,
      'tel:+34600000002',
      '',
      `sip:OUT${c}x@provider.lab`,
    ]);
    const sender = oneOf(['sip:caller1@provider.lab', `sip:\u202e${odd(chance)}@x`, target, '']);
    const head = { version: 1, chat, callId, centre: 'madrid', caller, sender, test: happens(0.2) };
    const startedAt = `2026-03-04T07:${10 + c}:00.000Z`;
    await records.put('chats', chat, {
      ...head,
      startedAt,
      ...(happens(0.7) && { service: oneOf(['urn:service:sos', `urn:${odd(chance)}`, '']) }),
      did: `DID${c}x${odd(chance)}`,
    });
    await records.put('chats-by-time', `${startedAt}/${chat}`, chat);
    for (let sequence = 0; sequence < 5; sequence++) {
      const key = `${chat}/${sequence}`;
      const made = message(++id, chance);
      marks.set(key, { id, parts: made.parts, odd: made.odd });
      await records.put('messages', key, {
        ...{ version: 1, chat, callId, centre: 'madrid', sequence, at: `2026-03-04T${moments[sequence]}Z` },
        ...{
          direction: oneOf(['in', 'in', 'out']),
          kind: oneOf(kinds),
          to: oneOf(['urn:service:sos', '', '\u0000']),
        },
        sender: oneOf([sender, sender, caller, `sip:OUT${id}x@other.lab`]),
        ...(happens(0.7) && {
          messageId: oneOf([1, 1.5, -7, 1e21]),
          messageType: oneOf([257, 259, -1, 0.5]),
        }),
        replyTo: `sip:RPL${id}x${odd(chance)}`,
        ...(happens(0.1) && { imported: 'sip:other-centre@psap.lab' }),
        ...made.stored,
      });
    }
  }
  const all: Category[] = ['subscriber', 'traffic', 'content', 'location'];
  const categories = all.filter(() => happens(0.7));
  return {
    categories: categories.length > 0 ? categories : [oneOf(all)],
    includeTests: happens(0.5),
    selectors: [
      ...(happens(0.7) ? [{ kind: 'uri' as const, value: target }] : []),
      { kind: 'call-id' as const, value: chosen },
    ],
    decisions: Array.from({ length: below(12) }, () => ({
      index: below(14),
      withhold: oneOf(['message', 'text', 'parts', 'location'] as const),
      reason: oneOf(['third-party', 'privileged', 'reviewer'] as const),
    })),
    marks,
  };
}

/** What was received in one message, and what the PSAP keeps of it beside the request. */
function message(id: number, { oneOf, happens, below, ...more }: Chance) {
  const chance = { oneOf, happens, below, ...more };
  const strange = happens(0.6) ? odd(chance) : '';
  const text = `TXT${id}x ${strange}`.repeat(happens(0.02) ? Math.ceil(65_536 / (7 + strange.length)) : 1);
  const octets = happens(0.1) ? Buffer.from([...Buffer.from(text), 0xff, 0xc3]) : Buffer.from(text);
  const parts: Marks['parts'][number][] = [];
  const bodies: { headers: [string, string][]; body: Buffer }[] = [
    { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: octets },
  ];
  const add = (
    part: Marks['parts'][number],
    type: string,
    body: string,
    ...headers: [string, string][]
  ): void => {
    parts.push(part);
    bodies.push({
      headers: [['Content-Type', type], ...headers],
      body: Buffer.from(`${part}${id}x${body}`, 'latin1'),
    });
  };
  if (happens(0.5)) add('LOC', 'Application/PIDF+xml', oneOf(['<presence', odd(chance), '<!DOCTYPE a []>']));
  if (happens(0.5)) {
    const name = `NAM${id}x"<>&/../..\\${odd(chance).replace(/[\r\n]/g, '')}`;
    add('PIC', oneOf(types), odd(chance), ['Content-Disposition', `attachment; filename=${name}`]);
  }
  if (happens(0.3))
    add('SUB', 'application/EmergencyCallData.SubscriberInfo+xml', '', ['Content-ID', odd(chance)]);
  if (happens(0.1)) add('MIX', 'multipart/mixed', odd(chance));
  if (happens(0.05))
    for (let i = 0; i < 300; i++)
      bodies.push({ headers: [['Content-Type', 'a/b']], body: octets.subarray(0, 0) });
  let body = writeMultipart(bodies);
  // A part may hide deep in others.
  for (let depth = happens(0.2) ? 2 + below(9) : 0; depth > 0; depth--) {
    body = writeMultipart([{ headers: [['Content-Type', body.contentType]], body: body.body }], {
      boundary: `d${depth}d`,
    });
  }
  const raw = Buffer.concat([
    Buffer.from(
      `MESSAGE urn:service:sos SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=a\r\n`,
    ),
    Buffer.from(
      `To: <urn:service:sos>\r\nCall-ID: a\r\nCSeq: 1 MESSAGE\r\nContent-Type: ${body.contentType}\r\n`,
    ),
    Buffer.from(`Content-Length: ${body.body.length}\r\n\r\n`),
    body.body,
  ]);
  const kept = oneOf(['whole', 'whole', 'whole', 'none', 'garbage'] as const);
  const stored = {
    text: octets.toString('utf8'),
    ...(kept !== 'none' && { raw: (kept === 'whole' ? raw : raw.subarray(60)).toString('base64') }),
    ...(happens(0.8) && {
      locations: [
        {
          source: oneOf(['value', 'reference']),
          document: '<',
          shapes: happens(0.9) ? [oneOf(shapes)] : [],
          timestamp: oneOf(times),
        },
      ],
    }),
    ...(happens(0.2) && { locationReferences: [`https://lis/${odd(chance)}`] }),
  };
  return {
    stored,
    parts: kept === 'whole' ? parts : [],
    odd: kept === 'whole' && octets.toString('utf8') !== text,
  };
}

/** Text that breaks things. */
function odd({ oneOf, below }: Pick<Chance, 'oneOf' | 'below'>): string {
  return Array.from(
    { length: below(5) },
    () => oneOf(fragments) + String.fromCodePoint(below(0x11_0000)),
  ).join('');
}

const fragments = [
  ...[
    ']]>',
    '<script>',
    '&amp;',
    '&#0;',
    '\u0000',
    '\ud800',
    '\udfff',
    '\u202e',
    '\r\n',
    '\t',
    '"',
    "'",
    ' ',
  ],
  ...[
    '\ufffe',
    '\uffff',
    '🔥',
    '<!DOCTYPE a [',
    '<!--',
    '-->',
    '<?xml ?>',
    '</text></lmpeRecord>',
    '\u0085',
    '\u001b[',
  ],
];
