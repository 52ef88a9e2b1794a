import { blue, bold, dim, green, red, yellow } from '../terminal.js';
import type { DeskAuthority, DeskCase, DeskCaseHead, DeskDelivery, DeskMessage } from './handover-answers.js';

/** A row of a table of cases. */
export function caseLine({ id, phase, reference = '', authority = '', createdAt }: DeskCaseHead): string {
  return `${bold(id)}  ${phaseText(phase)}  ${reference}  ${authority}  ${dim(createdAt)}`;
}

const row = (name: string, text: string): string => `  ${dim(name.padEnd(12))} ${text}`;

/** All of a case, as people need it to decide. */
export function caseText(c: DeskCase): string[] {
  const { seals = [], approvals = [] } = c;
  const another = approvals.some(({ by }) => by === 'approver1') ? 'approver2' : 'approver1';
  const isRunning = c.authorisation?.running === true;
  const next = isRunning && c.phase === 'requested' ? nextStep['sealed'] : nextStep[c.phase];
  return [
    `${bold(c.id)}  ${phaseText(c.phase)}`,
    ...orderText(c),
    ...(c.createdBy === undefined
      ? []
      : [
          row(
            'requested',
            `by ${c.createdBy}, ${c.createdAt}${c.reviewedBy === undefined ? '' : `; reviewed by ${c.reviewedBy}`}`,
          ),
        ]),
    ...(seals.length > 0 ? [row('sealed', sealsText(c))] : []),
    ...(c.digest !== undefined && (seals.length > 0 || isRunning) ? [row('digest', c.digest)] : []),
    ...approvals.map(({ by, at }) => row('approved', `by ${by}, ${at}`)),
    ...(c.hash?.salt === undefined
      ? []
      : [
          row('salt', c.hash.salt),
          row('hash', `${c.hash.digest} (${c.hash.algorithm}, ${c.hash.construct})`),
        ]),
    ...(next === undefined
      ? []
      : [row('next', `esinet handover ${next.replace('CASE', c.id).replace('APPROVER', another)}`)]),
  ];
}

/** What was granted; of a closed case what is left. */
function orderText({ authorisation: a, authority, reference }: DeskCase): string[] {
  if (!a) return [row('reference', reference ?? ''), row('authority', authority ?? '')];
  const named =
    typeof a.selectors === 'number'
      ? count(a.selectors, 'selector')
      : a.selectors.map(({ value }) => value).join('\n               ') || dim('(purged)');
  return [
    row('reference', `${a.reference.kind} ${a.reference.value}`),
    row('authority', a.authority),
    row('order', a.legalReference),
    row('about', named),
    row('categories', `${a.categories.join(', ')}${a.includeTests === true ? ', test calls too' : ''}`),
    row('records of', `${a.range.from} to ${a.range.until}`),
    row('in force', `${a.validity.from} to ${a.validity.until}`),
    ...(a.running === true
      ? [row('as they come', a.reviewBatches === true ? 'each batch is reviewed' : 'yes')]
      : []),
  ];
}

export function sealsText({ seals = [] }: DeskCase): string {
  const sum = (of: (seal: (typeof seals)[number]) => number): number =>
    seals.reduce((total, seal) => total + of(seal), 0);
  return `${count(seals.length, 'document')}, ${count(
    sum(({ items }) => items),
    'message',
  )}, ${count(
    sum(({ objects }) => objects.length),
    'object',
  )}, ${sum(({ bytes, objects }) => bytes + objects.reduce((all, each) => all + each.bytes, 0))} octets`;
}

const nextStep: Readonly<Record<string, string | undefined>> = {
  requested: 'freeze CASE',
  'in-review': 'review CASE --seal',
  sealed: 'approve CASE --as APPROVER',
  approved: 'send CASE',
  sending: 'deliveries CASE --watch',
  running: 'deliveries CASE',
  delivered: 'close CASE',
  suspended: 'resume CASE',
};

export function phaseText(phase: string): string {
  if (phase === 'delivered') return green(phase);
  if (phase === 'suspended' || phase === 'rejected') return red(phase);
  return phase === 'closed' ? dim(phase) : yellow(phase);
}

/** One message of a snapshot, as it was seen and said, with what does not leave marked. */
export function messageText(m: DeskMessage, decided: readonly string[] = []): string[] {
  const sender = m.sender === undefined || m.sender === '' ? '(somebody else)' : m.sender;
  const who = m.direction === 'out' ? green(sender) : blue(sender);
  const kind = m.kind === undefined || m.kind === 'in-chat' ? '' : dim(`  [${m.kind}]`);
  const lines = [`${bold(String(m.index).padStart(3))}  ${dim(m.time ?? '')}  ${who}${kind}`];
  if (m.scope !== 'in-scope') lines.push(`     ${red(`not handed over: ${scopeWords[m.scope] ?? m.scope}`)}`);
  if (m.text !== undefined) lines.push(...m.text.split(/\r?\n/).map((line) => `     ${printable(line)}`));
  for (const { index, contentType, bytes } of m.parts ?? []) {
    // The text itself stands above.
    if (bytes === undefined && contentType === 'text/plain') continue;
    const size = bytes === undefined ? ', withheld' : `, ${bytes} octets`;
    lines.push(`     ${dim(`part ${index ?? ''}`)}  ${printable(contentType)}${size}`);
  }
  const place = placeText(m.location);
  if (place !== undefined) lines.push(`     ${dim('place')}  ${printable(place)}`);
  for (const { what, reason, part } of m.withheld ?? []) {
    const which = part === undefined ? what : `${what} ${part}`;
    lines.push(`     ${yellow(`withheld: ${which}, ${reason}`)}`);
  }
  for (const each of decided) lines.push(`     ${yellow(`you withhold: ${each}`)}`);
  return lines;
}

/** What a terminal would obey is shown, not done: somebody else wrote it. */
function printable(text: string): string {
  return Array.from(text, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const obeyed = code < 0x20 || (code >= 0x7f && code < 0xa0) || /[\u202a-\u202e\u2066-\u2069]/.test(char);
    return obeyed && char !== '\t' ? '\ufffd' : char;
  }).join('');
}

const scopeWords: Readonly<Record<string, string>> = {
  'other-holder': 'received from another centre, which holds it',
  'third-party': 'written by somebody else than the caller',
};

/** `N40.416775 W003.703790 ±12 m, GPS, 2026-…`; a place by reference is its URI. */
function placeText(location: DeskMessage['location']): string | undefined {
  if (!location) return undefined;
  const { point, uncertainty, method, time, uri } = location;
  const around = uncertainty === undefined || uncertainty === 0 ? '' : ` ±${uncertainty} m`;
  const words = [
    ...(point ? [`${point.latitude} ${point.longitude}${around}`] : []),
    ...(uri === undefined ? [] : [uri]),
    ...(method === undefined ? [] : [method]),
    ...(time === undefined ? [] : [time]),
  ];
  return words.length === 0 ? 'in a form that is not shown here' : words.join(', ');
}

export function authorityText({
  id,
  name,
  deliveryUrl,
  objectsUrl,
  profile,
  paused,
}: DeskAuthority): string[] {
  const model = profile.binary === 'A' ? 'they fetch objects' : `objects to ${objectsUrl ?? '(nowhere)'}`;
  return [
    `${bold(id)}  ${name}${paused === undefined ? '' : `  ${red(`paused: ${paused}`)}`}`,
    dim(
      `  TS 103 707 V${profile.specification} over TS 103 120 ${profile.etsiVersion}, ${profile.reference}${profile.collections ? ', collections' : ''}`,
    ),
    dim(`  ${deliveryUrl}, model ${profile.binary}: ${model}`),
  ];
}

/** `replaced`: too large, and sent in two in its place. */
const stateColours: Readonly<Record<string, (text: string) => string>> = {
  delivered: green,
  failed: red,
  replaced: dim,
};

export function deliveryLine({ kind, id, bytes, state, attempts, notBefore, reason }: DeskDelivery): string {
  const coloured = (stateColours[state] ?? yellow)(state.padEnd(9));
  const tried = attempts === 0 ? 'not tried yet' : count(attempts, 'attempt');
  const why = reason === undefined || state === 'delivered' ? '' : `, ${reason}`;
  const next = state === 'waiting' && attempts > 0 ? `, again from ${notBefore}` : '';
  return `${coloured}  ${kind.padEnd(8)}  ${id}  ${dim(`${bytes} octets, ${tried}${why}${next}`)}`;
}

export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
