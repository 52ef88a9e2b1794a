import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type EndpointId, qualifiedDateTime, qualifiedMicroseconds } from '@esinet/handover';
import { z } from 'zod';

const endpointSchema = z.strictObject({
  countryCode: z.string().default('XX'),
  uniqueIdentifier: z.string(),
});

/** What an authority asks for by HI1. Times are RFC 3339 in whole seconds; durations in milliseconds up to or from now. */
export const wishSchema = z.strictObject({
  /** Where it is sent; without it only its text is made. */
  to: z.string().optional(),
  /** One of the two: stored records, or records as they are recorded. */
  ldid: z.string().optional(),
  liid: z.string().optional(),
  order: z.string().default('Order of the simulator'),
  /** `sip:` and `tel:` URIs, E.164 digits, Call Identifiers. */
  about: z.array(z.string()).min(1),
  /** A value of the dictionary RequestType, or DeliveryType of an LIID. */
  type: z.string().optional(),
  /** Subtypes that were agreed: `Location`. */
  categories: z.array(z.string()).default([]),
  from: z.string().optional(),
  until: z.string().optional(),
  lastMs: z.int().min(1_000).default(3_600_000),
  validForMs: z
    .int()
    .min(1_000)
    .default(7 * 86_400_000),
  provider: endpointSchema.prefault({ uniqueIdentifier: 'ESINET-LAB' }),
  sender: endpointSchema.prefault({ uniqueIdentifier: 'authority-simulator' }),
  transaction: z.string().optional(),
});

export type TaskWish = z.infer<typeof wishSchema>;

const namespaces = {
  '': 'http://uri.etsi.org/03120/common/2019/10/Core',
  ':xsi': 'http://www.w3.org/2001/XMLSchema-instance',
  ':common': 'http://uri.etsi.org/03120/common/2016/02/Common',
  ':task': 'http://uri.etsi.org/03120/common/2020/09/Task',
  ':auth': 'http://uri.etsi.org/03120/common/2020/09/Authorisation',
} as const;

/**
 * An HI1Message with an order and what is asked for under it (TS 103 120 7.2, 8.2, 8.3), and salt and hash of the
 * selectors (TS 103 707 D.4) in the formats that were agreed with this product.
 */
export function taskText(
  wish: TaskWish,
  o: { readonly deliveryUrl: string; readonly wallMs: number },
): string {
  const isLi = wish.liid !== undefined;
  const now = o.wallMs;
  const until = wish.until ?? qualifiedDateTime(isLi ? now + wish.validForMs : now);
  const from = wish.from ?? qualifiedDateTime(isLi ? now : now - wish.lastMs);
  const order = randomUUID();
  const authorisation = [
    tag('ObjectIdentifier', order),
    tag('auth:AuthorisationReference', wish.order),
    entry('auth:AuthorisationStatus', 'ETSI', 'AuthorisationStatus', 'Approved'),
    element(
      'auth:AuthorisationTimespan',
      // A second back: fractions are cut off, and it is in force at once.
      tag('auth:StartTime', qualifiedDateTime(now - 1_000)) +
        tag('auth:EndTime', qualifiedDateTime(now + wish.validForMs)),
    ),
    element('auth:AuthorisationCSPID', endpoint('auth:CSPID', wish.provider)),
  ];
  const head = [
    tag('ObjectIdentifier', randomUUID()),
    element('AssociatedObjects', tag('AssociatedObject', order)),
    tag('task:Reference', wish.liid ?? wish.ldid ?? ''),
  ];
  const spans = tag('task:StartTime', from) + tag('task:EndTime', until);
  const address = element('task:DeliveryAddress', tag('task:URL', o.deliveryUrl));
  const values = valuesOf(wish.about, isLi ? 'task:TargetIdentifierValue' : 'task:RequestValue');
  const categories = (wrap: string): string =>
    wish.categories.map((each) => entry(wrap, 'ESINET', 'Category', each)).join('');
  const task = isLi
    ? [
        ...head,
        element('task:Timespan', spans),
        element('task:TargetIdentifier', element('task:TargetIdentifierValues', values)),
        entry('task:DeliveryType', 'ETSI', 'DeliveryType', wish.type ?? 'IRIandCC'),
        element('task:DeliveryDetails', element('task:DeliveryDestination', address)),
        endpoint('task:CSPID', wish.provider),
        ...(wish.categories.length > 0 ? [element('task:Flags', categories('task:TaskFlag'))] : []),
      ]
    : [
        ...head,
        element(
          'task:RequestDetails',
          entry('task:Type', 'ETSI', 'RequestType', wish.type ?? 'TrafficDataAndStoredContentData') +
            spans +
            element('task:RequestValues', values) +
            (wish.categories.length > 0 ? element('task:Subtype', categories('task:RequestSubtype')) : ''),
        ),
        element(
          'task:DeliveryDetails',
          element(
            'task:LDDeliveryDestination',
            address + entry('task:LDHandoverFormat', 'ETSI', 'LDHandoverFormat', 'TS103707'),
          ),
        ),
        endpoint('task:CSPID', wish.provider),
      ];
  const actions =
    action(0, 'auth:AuthorisationObject', authorisation) +
    action(1, isLi ? 'task:LITaskObject' : 'task:LDTaskObject', task);
  const payload = element('Payload', element('RequestPayload', element('ActionRequests', actions)));
  const declared = Object.entries(namespaces).map(([prefix, uri]) => ` xmlns${prefix}="${uri}"`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<HI1Message${declared.join('')}>${header(wish, now)}${payload}</HI1Message>\n`;
}

function header({ sender, provider, transaction }: TaskWish, now: number): string {
  return element(
    'Header',
    endpoint('SenderIdentifier', sender) +
      endpoint('ReceiverIdentifier', provider) +
      tag('TransactionIdentifier', transaction ?? randomUUID()) +
      tag('Timestamp', qualifiedMicroseconds(now)) +
      element(
        'Version',
        tag('ETSIVersion', 'V1.23.1') +
          tag('NationalProfileOwner', 'N/A') +
          tag('NationalProfileVersion', 'N/A'),
      ),
  );
}

function action(number: number, type: string, content: readonly string[]): string {
  return element(
    'ActionRequest',
    tag('ActionIdentifier', String(number)) +
      element('CREATE', `<HI1Object xsi:type="${type}">${content.join('')}</HI1Object>`),
  );
}

/** Selectors, and what proves them: the hash is over all of them, one a line. */
function valuesOf(about: readonly string[], wrap: string): string {
  const salt = randomBytes(16);
  const canonical = about.map((each) => (/^\d+$/.test(each) ? `tel:+${each}` : each)).join('\n');
  const digest = createHash('sha256').update(salt).update(canonical).digest('hex');
  const value = (owner: string, format: string, text: string): string =>
    element(
      wrap,
      element('task:FormatType', tag('task:FormatOwner', owner) + tag('task:FormatName', format)) +
        tag('task:Value', text),
    );
  return (
    about.map((each) => value(...formatOf(each), each)).join('') +
    value('ESINET', 'SelectorSalt', salt.toString('hex')) +
    value('ESINET', 'SelectorDigest', digest) +
    value('ESINET', 'SelectorHashAlgorithm', 'sha-256') +
    value('ESINET', 'SelectorHashConstruct', 'salt-prefix')
  );
}

function formatOf(value: string): [string, string] {
  if (/^\d+$/.test(value)) return ['ETSI', 'InternationalE164'];
  if (value.startsWith('tel:')) return ['ETSI', 'TELURI'];
  return value.startsWith('urn:') ? ['ESINET', 'CallIdentifier'] : ['ETSI', 'SIPURI'];
}

function endpoint(name: string, { countryCode, uniqueIdentifier }: EndpointId): string {
  return element(name, tag('CountryCode', countryCode) + tag('UniqueIdentifier', uniqueIdentifier));
}

function entry(name: string, owner: string, of: string, value: string): string {
  return element(name, tag('common:Owner', owner) + tag('common:Name', of) + tag('common:Value', value));
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function tag(name: string, text: string): string {
  return element(name, text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'));
}
