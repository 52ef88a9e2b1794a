import { type Result, err, ok } from '@esinet/kernel';
import { checkOf, maxProblems } from './check.js';
import { historyParts } from './schemas.js';

/** The chat as it is handed over: `Data` of an execution request, version 1. */
export interface ChatHistory {
  readonly Version: 1;
  /** SIP URI under which the APP is reached. */
  readonly AppUri: string;
  /** URI the APP sends from. */
  readonly Sender: string;
  /** Service URN of the start. */
  readonly Service?: string;
  readonly StartedAt: string;
  readonly IncidentId?: string;
  /** PSAPs that had the chat, as in their Reply-To; the last is the transferor. */
  readonly Centres: readonly string[];
  readonly Languages?: readonly string[];
  readonly Messages: readonly HistoryMessage[];
  readonly Notes?: readonly HistoryNote[];
  /** Bodies and texts left out for their size. */
  readonly Omitted?: number;
}

export interface HistoryMessage {
  /** From the APP, or from a PSAP. */
  readonly Direction: 'in' | 'out';
  readonly Sender: string;
  /** Tells it from all other messages of its sender. */
  readonly Reference: string;
  readonly At: string;
  readonly MessageId?: number;
  readonly MessageType?: number;
  readonly Text?: string;
  /** URI of the PSAP that received or sent it. */
  readonly Centre?: string;
  /** PIDF-LO documents. */
  readonly Locations?: readonly string[];
  readonly LocationUris?: readonly string[];
  readonly Parts?: readonly HistoryPart[];
  /** Digest of text and parts. */
  readonly Content?: string;
  readonly Problems?: readonly string[];
}

export interface HistoryPart {
  readonly ContentType: string;
  readonly ContentId?: string;
  readonly Bytes: number;
  /** base64; absent where it was left out for its size. */
  readonly Body?: string;
}

export interface HistoryNote {
  readonly At: string;
  readonly By: string;
  readonly Text: string;
}

const checkHead = checkOf(historyParts.head);
const checkMessage = checkOf(historyParts.message);

/** Messages of one history that are looked at; of more the newest count. */
export const maxHistoryMessages = 20_000;

/** Reads `Data`. Members that are not of version 1 are allowed and not kept. */
export function readHistory(value: unknown): Result<ChatHistory, string[]> {
  const problems = checkHead(value);
  if (problems.length > 0) return err(problems);
  const head = value as ChatHistory;
  const from = Math.max(0, head.Messages.length - maxHistoryMessages);
  const messages = head.Messages.slice(from);
  for (const [index, message] of messages.entries()) {
    for (const problem of checkMessage(message)) {
      const rest = problem.startsWith('/:') ? problem.slice(1) : problem;
      problems.push(`/Messages/${from + index}${rest}`);
    }
    if (problems.length >= maxProblems) return err(problems.slice(0, maxProblems));
  }
  if (problems.length > 0) return err(problems);
  return ok({
    Version: 1,
    AppUri: head.AppUri,
    Sender: head.Sender,
    ...defined('Service', head.Service),
    StartedAt: head.StartedAt,
    ...defined('IncidentId', head.IncidentId),
    Centres: [...head.Centres],
    ...defined('Languages', head.Languages && [...head.Languages]),
    Messages: messages.map(keptMessage),
    ...defined(
      'Notes',
      head.Notes?.map(({ At, By, Text }) => ({ At, By, Text })),
    ),
    ...defined('Omitted', head.Omitted === undefined && from === 0 ? undefined : (head.Omitted ?? 0) + from),
  });
}

function keptMessage(m: HistoryMessage): HistoryMessage {
  return {
    Direction: m.Direction,
    Sender: m.Sender,
    Reference: m.Reference,
    At: m.At,
    ...defined('MessageId', m.MessageId),
    ...defined('MessageType', m.MessageType),
    ...defined('Text', m.Text),
    ...defined('Centre', m.Centre),
    ...defined('Locations', m.Locations && [...m.Locations]),
    ...defined('LocationUris', m.LocationUris && [...m.LocationUris]),
    ...defined(
      'Parts',
      m.Parts?.map(({ ContentType, ContentId, Bytes, Body }) => ({
        ContentType,
        ...defined('ContentId', ContentId),
        Bytes,
        ...defined('Body', Body),
      })),
    ),
    ...defined('Content', m.Content),
    ...defined('Problems', m.Problems && [...m.Problems]),
  };
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
