import { readFile } from 'node:fs/promises';
import { messageOf } from '@esinet/kernel';
import { bold, exit, green, print, red, tell, yellow } from '../terminal.js';
import { type DeskOptions, answered, answeredOf } from './handover-access.js';
import type { DeskCase, DeskCaseHead } from './handover-answers.js';
import { caseLine, caseText, count } from './handover-text.js';

export interface RequestOptions extends DeskOptions {
  readonly authority?: string;
  readonly ldid?: string;
  readonly liid?: string;
  readonly order?: string;
  readonly about?: readonly string[];
  readonly categories?: readonly string[];
  readonly from?: string;
  readonly until?: string;
  /** Milliseconds up to now, instead of `from` and `until`. */
  readonly last?: number;
  readonly validFrom?: string;
  readonly validUntil?: string;
  /** Milliseconds from when it is valid, instead of `validUntil`. */
  readonly validFor?: number;
  readonly includeTests?: boolean;
  readonly reviewBatches?: boolean;
  readonly salt?: string;
  readonly hash?: string;
  readonly file?: string;
  readonly ldTask?: string;
}

/** `esinet handover request`: an order of an authority becomes a case. */
export async function request(o: RequestOptions): Promise<number> {
  const read = await requestOf(o);
  if (typeof read === 'string') {
    tell(red(read));
    return exit.usage;
  }
  return answered<DeskCase>(
    o,
    'clerk',
    (desk) => ('xml' in read ? desk.postXml('/cases/ld-task', read.xml) : desk.post('/cases', read.request)),
    (c) => {
      tell(green('taken in'));
      for (const line of caseText(c)) print(line);
    },
  );
}

/** What is to be sent, or a sentence about what is missing. */
export async function requestOf(
  o: RequestOptions,
  now = Date.now(),
): Promise<{ xml: Buffer } | { request: object } | string> {
  const file = o.ldTask ?? o.file;
  if (file !== undefined) {
    try {
      const octets = await readFile(file);
      return o.ldTask === undefined
        ? { request: JSON.parse(octets.toString('utf8')) as object }
        : { xml: octets };
    } catch (error) {
      return `${file} cannot be used: ${messageOf(error)}`;
    }
  }
  const reference = o.ldid ?? o.liid;
  const from = o.last === undefined ? o.from : new Date(now - o.last).toISOString();
  const until = o.last === undefined ? o.until : new Date(now).toISOString();
  const validFrom = o.validFrom ?? new Date(now).toISOString();
  const validUntil =
    o.validFor === undefined ? o.validUntil : new Date(Date.parse(validFrom) + o.validFor).toISOString();
  const missing = [
    ...(o.authority === undefined ? ['--authority'] : []),
    ...(reference === undefined ? ['--ldid or --liid'] : []),
    ...(o.order === undefined ? ['--order'] : []),
    ...((o.about ?? []).length === 0 ? ['--about'] : []),
    ...((o.categories ?? []).length === 0 ? ['--categories'] : []),
    ...(from === undefined ? ['--from or --last'] : []),
    ...(until === undefined ? ['--until'] : []),
    ...(validUntil === undefined ? ['--valid-until or --valid-for'] : []),
  ];
  if (missing.length > 0) {
    return `A request needs ${missing.join(', ')}, or --file FILE, or --ld-task FILE.`;
  }
  return {
    request: {
      authority: o.authority,
      reference: { kind: o.ldid === undefined ? 'LIID' : 'LDID', value: reference },
      legalReference: o.order,
      selectors: (o.about ?? []).map((value) => ({ kind: selectorKind(value), value })),
      categories: o.categories,
      range: { from, until },
      validity: { from: validFrom, until: validUntil },
      ...(o.includeTests === true && { includeTests: true }),
      ...(o.reviewBatches === true && { reviewBatches: true }),
      ...(o.salt !== undefined && { hash: { salt: o.salt, digest: o.hash ?? '' } }),
    },
  };
}

function selectorKind(value: string): string {
  return /^urn:emergency:uid:callid:/i.test(value) ? 'call-id' : 'uri';
}

export function cases(o: DeskOptions): Promise<number> {
  return answered<readonly DeskCaseHead[]>(
    o,
    'clerk',
    (desk) => desk.get('/cases'),
    (all) => {
      if (all.length === 0) print('There is no case. esinet handover request --help makes one.');
      const byAge = [...all].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
      for (const each of byAge) print(caseLine(each));
    },
  );
}

export function show(id: string, o: DeskOptions): Promise<number> {
  return answeredOf<DeskCase>(
    id,
    { ...o, usual: 'clerk' },
    (desk, path) => desk.get(path),
    (c) => print(caseText(c).join('\n')),
  );
}

export function freeze(id: string, o: DeskOptions): Promise<number> {
  return answeredOf<{ readonly messages: number; readonly unreadable: number }>(
    id,
    { ...o, usual: 'clerk' },
    (desk, path) => desk.post(`${path}/freeze`),
    ({ messages, unreadable }) => {
      print(`${green('frozen')}  ${bold(count(messages, 'message'))} of the records the order is about`);
      if (unreadable > 0)
        tell(
          yellow(`${count(unreadable, 'record')} could not be read: they are left out, and that is told.`),
        );
      if (messages === 0) tell(yellow('Nothing was recorded of that in that time.'));
      else tell(`Next: esinet handover review ${id}`);
    },
  );
}

/** `send`, `suspend`, `resume`, `reject`, `close`. */
export function step(what: string, id: string, o: DeskOptions): Promise<number> {
  const usual = what === 'close' || what === 'send' ? 'clerk' : 'approver1';
  return answeredOf<DeskCase>(
    id,
    { ...o, usual },
    (desk, path) => desk.post(`${path}/${what}`),
    (c) => print(caseText(c).join('\n')),
  );
}
