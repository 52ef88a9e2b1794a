import { type XmlElement, type XmlLimits, childrenOf, readXml } from '@esinet/xml';
import { type DataBlock, type DataField, add } from './additional-data.js';

/** RFC 8876 5.2: what was wrong with an alert. */
export interface AlertError {
  readonly code: 100 | 101 | 102 | 103;
  readonly message: string;
}

/** A CAP alert as far as it can be read. */
export interface ReadAlert {
  readonly block: DataBlock;
  /** CAP identifier, sender and time sent: what tells one alert from another. */
  readonly identity?: string;
  readonly error?: AlertError;
  readonly problems: readonly string[];
}

export const alertErrors = {
  notProcessed: { code: 100, message: 'Alert cannot be processed' },
  notFound: { code: 101, message: 'No alert found where one was announced' },
  noPurpose: { code: 102, message: 'Alert does not say what it is about' },
  corrupted: { code: 103, message: 'Alert is not well-formed' },
} as const satisfies Record<string, AlertError>;

/** CAP 1.1 is what RFC 8876 shows, CAP 1.2 what is in use. */
const namespaces = ['urn:oasis:names:tc:emergency:cap:1.2', 'urn:oasis:names:tc:emergency:cap:1.1'];

const required = ['identifier', 'sender', 'sent', 'status', 'msgType', 'scope'] as const;
const headline = [...required, 'source', 'note', 'references', 'incidents'] as const;
const info = [
  'event',
  'category',
  'urgency',
  'severity',
  'certainty',
  'headline',
  'description',
  'instruction',
  'senderName',
  'contact',
  'web',
  'language',
  'responseType',
  'onset',
  'expires',
] as const;
const area = ['areaDesc', 'circle', 'polygon'] as const;

/** Info blocks of one alert that are read: each is the same in another language, or another hazard. */
const maxInfos = 4;

/** Reads a CAP alert (OASIS CAP 1.2 3.2, profiled by RFC 8876 4.2). */
export function readAlert(
  document: Uint8Array | string,
  from: Pick<DataBlock, 'source' | 'part' | 'uri'>,
  limits?: Partial<XmlLimits>,
): ReadAlert {
  const failed = (error: AlertError, problem: string): ReadAlert => ({
    block: { type: 'cap', ...from, fields: [], problem },
    error,
    problems: [`alert: ${problem}`],
  });
  const read = readXml(document, limits);
  if (!read.ok) {
    const beyond = read.error.code !== 'ill-formed' && read.error.code !== 'not-utf8';
    return failed(beyond ? alertErrors.notProcessed : alertErrors.corrupted, `XML: ${read.error.code}`);
  }
  const root = read.value;
  if (root.local !== 'alert' || !namespaces.includes(root.uri)) {
    return failed(alertErrors.notProcessed, 'not a CAP alert');
  }
  const fields: DataField[] = [];
  addAll(fields, root, headline);
  const infos = childrenOf(root, root.uri, 'info').slice(0, maxInfos);
  for (const one of infos) {
    addAll(fields, one, info);
    for (const parameter of childrenOf(one, root.uri, 'parameter')) {
      const name = textOf(parameter, 'valueName');
      if (name !== '') add(fields, `parameter ${name.slice(0, 60)}`, textOf(parameter, 'value'));
    }
    for (const place of childrenOf(one, root.uri, 'area')) addAll(fields, place, area);
  }
  const problems = required.filter((name) => textOf(root, name) === '').map((name) => `alert: no ${name}`);
  if (textOf(root, 'incidents') === '') problems.push('alert: no incidents');
  const identity = ['sender', 'identifier', 'sent'].map((name) => textOf(root, name));
  return {
    block: { type: 'cap', ...from, fields },
    ...(identity[1] !== '' && { identity: identity.join('\n') }),
    ...(!saysWhat(root, infos) && { error: alertErrors.noPurpose }),
    problems,
  };
}

/** An acknowledgement, an error or a cancellation is about another alert; any other tells an event (CAP 1.2 3.2.2). */
function saysWhat(root: XmlElement, infos: readonly XmlElement[]): boolean {
  if (['Ack', 'Error', 'Cancel'].includes(textOf(root, 'msgType'))) return true;
  return infos.some((one) =>
    ['event', 'headline', 'description', 'category'].some((name) => textOf(one, name) !== ''),
  );
}

function addAll(fields: DataField[], e: XmlElement, names: readonly string[]): void {
  for (const name of names) for (const c of childrenOf(e, e.uri, name)) add(fields, name, c.text);
}

function textOf(e: XmlElement, name: string): string {
  return childrenOf(e, e.uri, name)[0]?.text.trim() ?? '';
}

/** RFC 8876 5.2 */
export function alertErrorHeader(error: AlertError): readonly [string, string] {
  return ['AlertMsg-Error', `${error.code};message="${error.message}"`];
}
