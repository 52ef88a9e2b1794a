import { profileDefaults } from '@esinet/handover';
import type { Records } from '@esinet/platform';
import { writeMultipart } from '@esinet/sip';
import type { IntakeRequest } from './intake.js';
import type { Authority } from './model.js';

/** What the specs of this element share: one authority, one order, one chat as a PSAP keeps it. Fictional people. */

export const now = Date.parse('2026-03-06T10:00:00Z');

export const police: Authority = {
  id: 'pj',
  name: 'Policía Judicial (lab)',
  profile: {
    specification: '1.5.1',
    ...profileDefaults['1.5.1'],
    sender: { countryCode: 'XX', uniqueIdentifier: 'psap-archive' },
  },
  deliveryUrl: 'https://authority.lab:16443/hi1/deliveries',
  objectsUrl: 'https://authority.lab:16443/binaryData/',
  certificates: ['aa'.repeat(32)],
  hash: { algorithm: 'sha-256', construct: 'salt-prefix' },
  onboardedBy: 'olga',
  onboardedAt: '2026-01-01T00:00:00.000Z',
};

export const order: IntakeRequest = {
  authority: 'pj',
  reference: { kind: 'LDID', value: 'ES-PJ-42' },
  legalReference: 'order 42/2026',
  selectors: [{ kind: 'uri', value: 'tel:+34600000001' }],
  categories: ['subscriber', 'traffic', 'content', 'location'],
  range: { from: '2026-03-04T08:00:00Z', until: '2026-03-04T09:00:00Z' },
  validity: { from: '2026-03-06T00:00:00Z', until: '2026-03-20T00:00:00Z' },
};

export const png = Buffer.from('89504e470d0a1a0a00ff0d0a', 'hex');

/** A request with a text, a picture and a location, as it is kept. */
export function rawMessage(text: string): string {
  const typed = (type: string, body: Buffer, ...more: [string, string][]) => ({
    headers: [['Content-Type', type] as const, ...more],
    body,
  });
  const { contentType, body } = writeMultipart([
    typed('text/plain; charset=utf-8', Buffer.from(text)),
    typed('image/png', png, ['Content-Disposition', 'attachment; filename="../stairs.png"']),
    typed(
      'application/pidf+xml',
      Buffer.from('<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:a@b"/>'),
      ['Content-ID', '<loc@a>'],
    ),
    typed('application/EmergencyCallData.SubscriberInfo+xml', Buffer.from('<s/>')),
  ]);
  const head = [
    'MESSAGE urn:service:sos SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa',
    'From: <sip:caller1@provider.lab>;tag=a',
    'To: <urn:service:sos>',
    'Call-ID: a@b',
    'CSeq: 1 MESSAGE',
    'Max-Forwards: 70',
    `Content-Type: ${contentType}`,
    `Content-Length: ${body.length}`,
  ].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]).toString('base64');
}

/** Puts a chat of one caller with the centre of Madrid into the records, a text each minute. */
export async function recordChat(
  records: Records,
  o: {
    readonly chat: string;
    readonly caller: string;
    /** From; that of caller1 where it is not given. */
    readonly sender?: string;
    readonly startedAt: string;
    readonly texts: readonly string[];
    /** Milliseconds from one message to the next; a minute. */
    readonly everyMs?: number;
  },
): Promise<void> {
  const { chat, caller, startedAt, texts, everyMs = 60_000 } = o;
  const callId = `urn:emergency:uid:callid:${chat}:app.lab`;
  const sender = o.sender ?? 'sip:caller1@provider.lab';
  const start = Date.parse(startedAt);
  const head = {
    version: 1,
    chat,
    callId,
    centre: 'madrid',
    caller,
    sender,
    service: 'urn:service:sos',
    test: false,
  };
  await records.put('chats', chat, { ...head, startedAt, phase: 'closed', madeUp: false });
  await records.put('chats-by-time', `${startedAt}/${chat}`, chat);
  for (const [i, text] of texts.entries()) {
    await records.put('messages', `${chat}/in-${i}`, {
      ...{
        version: 1,
        chat,
        callId,
        centre: 'madrid',
        sequence: i + 1,
        direction: 'in',
        sender,
        kind: 'in-chat',
      },
      ...{
        at: new Date(start + i * everyMs).toISOString(),
        to: 'urn:service:sos',
        messageId: i + 1,
        messageType: 259,
      },
      ...{ text, reference: '', raw: rawMessage(text) },
      locations: [
        {
          ...{ source: 'value', document: '<presence/>', civics: [], timestamp: startedAt },
          shapes: [{ type: 'circle', center: [-3.70379, 40.416775], radius: 12.5 }],
        },
      ],
    });
  }
}
