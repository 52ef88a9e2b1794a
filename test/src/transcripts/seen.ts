import type { NegotiationRequest, ExecutionRequest } from '@esinet/chat-transfer';
import { type LmpeIdentifiers, isKeepAlive, messageKind, readIdentifiers } from '@esinet/lmpe';
import { type SipMessage, parseDatagram, parseNameAddr, parseVia, readBodyParts } from '@esinet/sip';

/** Something that went over a wire, in the order in which it was seen. */
export type Seen = SeenMessage | SeenHttp;

export interface SeenMessage {
  readonly kind: 'sip';
  readonly from: string;
  readonly to: string;
  readonly message: SipMessage;
  readonly identifiers: LmpeIdentifiers;
  readonly text: string | undefined;
  /** Final status. */
  status: number | undefined;
  matched: boolean;
}

export interface SeenHttp {
  readonly kind: 'http';
  readonly from: string;
  readonly to: string;
  readonly what: 'negotiation' | 'execution' | 'answer' | 'no answer';
  readonly request?: NegotiationRequest | ExecutionRequest;
  readonly status?: number;
  matched: boolean;
}

/** Everything that was seen. Retransmissions are one with what they repeat. */
export class Log {
  readonly seen: Seen[] = [];
  readonly #byBranch = new Map<string, SeenMessage>();
  readonly #repeating: { readonly from: string; readonly to: string }[] = [];

  /** A SIP message at the APP, which is one end of each of them. */
  wire(bytes: Buffer, nameOf: (uri: string) => string): void {
    const parsed = parseDatagram(Buffer.from(bytes));
    if (parsed.kind !== 'message') return;
    const { message } = parsed;
    const branch = `${parseVia(message.values('Via')[0] ?? '')?.branch ?? ''} ${message.cseq?.number ?? ''}`;
    if (message.isRequest) {
      if (message.method !== 'MESSAGE' || this.#byBranch.has(branch)) return;
      const texts = readBodyParts(message).filter((part) => part.contentType?.type !== 'application');
      const seen: SeenMessage = {
        kind: 'sip',
        from: nameOf(parseNameAddr(message.header('From') ?? '')?.uri ?? ''),
        to: nameOf(message.requestUri),
        message,
        identifiers: readIdentifiers(message.values('Call-Info')),
        text: texts.length === 0 ? undefined : texts.map(({ body }) => body.toString('utf8')).join('\n'),
        status: undefined,
        matched: false,
      };
      this.#byBranch.set(branch, seen);
      this.seen.push(seen);
      return;
    }
    const asked = this.#byBranch.get(branch);
    if (asked && message.status >= 200) asked.status ??= message.status;
  }

  http(seen: Omit<SeenHttp, 'kind' | 'matched'>): void {
    this.seen.push({ kind: 'http', matched: false, ...seen });
    this.#repetitions();
  }

  /** From now on it need not be told how often one asks the other for an execution, nor how often the answer is the same. */
  allowRepetition(from: string, to: string): void {
    this.#repeating.push({ from, to });
    this.#repetitions();
  }

  #repetitions(): void {
    for (const seen of this.seen) {
      if (seen.kind !== 'http' || seen.matched) continue;
      const { what, from, to, status } = seen;
      const told = this.seen.some(
        (s) =>
          s.kind === 'http' && s.matched && s.what === 'answer' && s.from === from && s.status === status,
      );
      seen.matched = this.#repeating.some(
        (r) =>
          (what === 'execution' && r.from === from && r.to === to) ||
          ((what === 'no answer' || (what === 'answer' && told)) && r.from === to && r.to === from),
      );
    }
  }

  /** What no line has told of yet, but for keep-alives. */
  untold(): Seen[] {
    this.#repetitions();
    return this.seen.filter((s) => !s.matched && !isQuiet(s));
  }

  quiet(): SeenMessage[] {
    return this.seen.filter((s): s is SeenMessage => !s.matched && isQuiet(s));
  }
}

export function inWords(seen: Seen): string {
  if (seen.kind === 'http') {
    return `${seen.from} => ${seen.to}  ${seen.what}${seen.status === undefined ? '' : ` ${seen.status}`}`;
  }
  const { messageType, messageId } = seen.identifiers;
  const text = seen.text === undefined ? '' : `, text "${seen.text}"`;
  return `${seen.from} -> ${seen.to}  ${messageType ?? '?'}/${messageId ?? '-'}${text} : ${seen.status ?? 'none'}`;
}

function isQuiet(seen: Seen): boolean {
  return seen.kind === 'sip' && isKeepAlive(messageKind(seen.identifiers.messageType));
}
