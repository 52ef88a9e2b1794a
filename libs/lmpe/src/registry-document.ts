import { serviceLabel, testForms } from './emergency-service.js';
import { type MessageKind, messageKind } from './message-type.js';
import { type IdentifierName, MessageType, identifierRegistry, uniquePart } from './registry.js';

/** The values this software uses and understands on the interface of TS 103 698 (Annex C). */
export interface ParameterRegistry {
  readonly specification: string;
  readonly messageTypes: readonly MessageTypeEntry[];
  readonly identifiers: readonly IdentifierEntry[];
  readonly testServices: readonly TestServiceEntry[];
}

export interface MessageTypeEntry {
  readonly value: number;
  /** The 16 bits, the highest first. */
  readonly bits: string;
  readonly name: MessageKind;
  readonly from: 'APP' | 'PSAP' | 'both';
  readonly meaning: string;
  readonly clause: string;
}

export interface IdentifierEntry {
  readonly name: IdentifierName;
  /** As written. */
  readonly prefix: string;
  readonly purpose: string;
  /** What follows the prefix. */
  readonly form: string;
  /** As understood: purposes are compared without regard to case. */
  readonly prefixes: readonly string[];
  readonly purposes: readonly string[];
  readonly clause: string;
}

export interface TestServiceEntry {
  readonly form: string;
  readonly example: string;
  readonly clause: string;
}

const messageTypes: readonly Omit<MessageTypeEntry, 'bits' | 'name'>[] = [
  { value: MessageType.unknown, from: 'both', meaning: 'a text of no known kind', clause: '6.1.2.7' },
  { value: MessageType.start, from: 'both', meaning: 'opens the chat, on either side', clause: '6.2.2' },
  { value: MessageType.stop, from: 'both', meaning: 'ends the chat', clause: '6.2.4' },
  { value: MessageType.inChat, from: 'both', meaning: 'a text of the chat', clause: '6.2.3' },
  {
    value: MessageType.heartbeat,
    from: 'both',
    meaning: 'keeps the way open, tells a place',
    clause: '6.2.5',
  },
  {
    value: MessageType.startTransfer,
    from: 'PSAP',
    meaning: 'takes the chat up: the transferee, or the transferor again',
    clause: '6.2.6',
  },
  {
    value: MessageType.stopTransfer,
    from: 'PSAP',
    meaning: 'the APP is to wait for another PSAP',
    clause: '6.2.6',
  },
  {
    value: MessageType.startRedirect,
    from: 'APP',
    meaning: 'goes on with the PSAP it was sent to',
    clause: '6.2.7',
  },
  {
    value: MessageType.stopRedirect,
    from: 'PSAP',
    meaning: 'the APP is to go to the PSAP of the Reply-To',
    clause: '6.2.7',
  },
  {
    value: MessageType.heartbeatInactive,
    from: 'APP',
    meaning: 'a heartbeat from the background',
    clause: '6.2.5',
  },
];

const forms: Record<IdentifierName, { readonly form: string; readonly clause: string }> = {
  callId: {
    form: `${uniquePart.min} to ${uniquePart.emitted} letters and digits, a colon, the element that made it`,
    clause: '6.1.2.7',
  },
  messageId: { form: 'a number from 1, a colon, the element that counts', clause: '6.1.2.7' },
  messageType: { form: 'a message type, a colon, the element that sends', clause: '6.1.2.7' },
  incidentId: { form: 'as callId', clause: 'NENA-STA-010' },
  did: { form: 'as W3C DID Core has it', clause: '6.1.2.11' },
};

/** TS 103 698 Annex C: from the constants the code itself uses. */
export function parameterRegistry(): ParameterRegistry {
  return {
    specification: 'ETSI TS 103 698 V1.1.1',
    messageTypes: messageTypes.map((entry) => ({
      ...entry,
      bits: entry.value.toString(2).padStart(16, '0'),
      name: messageKind(entry.value),
    })),
    identifiers: (Object.keys(identifierRegistry) as IdentifierName[]).map((name) => {
      const { emitted, accepted } = identifierRegistry[name];
      return {
        name,
        ...emitted,
        ...forms[name],
        prefixes: accepted.prefixes,
        purposes: [...accepted.purposes, ...accepted.tolerated],
      };
    }),
    testServices: testForms.map(({ form, example, clause }) => ({ form, example, clause })),
  };
}

/** The same as a page of the documentation. */
export function registryMarkdown(): string {
  const { specification, messageTypes: types, identifiers, testServices } = parameterRegistry();
  return `${[
    `# Parameter registries`,
    `The values of ${specification} that are in use here, as its Annex C asks for: printed from the constants of \`libs/lmpe\` (\`registryMarkdown\`), and compared with them by a test. The numbers in the last columns are clauses.`,
    `## Message types`,
    `Compared for equality: an in-chat message has the bits of a start and of a stop. Any other value is taken as \`unknown\`, its text shown.`,
    table(
      ['value', 'bits', 'name', 'from', 'meaning', 'clause'],
      types.map((t) => [String(t.value), code(t.bits), t.name, t.from, t.meaning, t.clause]),
    ),
    `## Identifiers in Call-Info`,
    table(
      ['name', 'written', 'purpose', 'after the prefix', 'clause'],
      identifiers.map((i) => [i.name, code(i.prefix), code(i.purpose), i.form, i.clause]),
    ),
    `Read as well, in any case of letters:`,
    table(
      ['name', 'prefixes', 'purposes'],
      identifiers.map((i) => [i.name, i.prefixes.map(code).join(', '), i.purposes.map(code).join(', ')]),
    ),
    `## Services`,
    `\`urn:service:sos\` and what is below it, ${serviceLabel.labels} labels of at most ${serviceLabel.length} characters (RFC 5031), country-specific ones included (RFC 7163). A test call has one of these forms:`,
    table(
      ['form', 'example', 'from'],
      testServices.map((t) => [t.form, code(t.example), t.clause]),
    ),
  ].join('\n\n')}\n`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Columns as wide as their widest cell, as the formatter of this repository leaves them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0, fill)).join(' | ')} |`;
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('\n');
}
