import type { ExecutionRequest, NegotiationRequest } from '@esinet/chat-transfer';
import { readHistory } from '@esinet/chat-transfer';
import { parseNameAddr } from '@esinet/sip';
import type { Log, SeenHttp, SeenMessage } from './seen.js';

interface Who {
  readonly callId: string;
  uriOf(name: string): string;
}

/** Why a message is not what a line says of it. Nothing if it is. */
export function unlikeMessage(seen: SeenMessage, fact: string, log: Log, who: Who): string | undefined {
  const { message, identifiers } = seen;
  const header = (name: string): string | undefined => message.header(name)?.trim();
  const is = (found: string | undefined, wanted: string): string | undefined =>
    found === wanted ? undefined : `${fact}: it is ${found ?? 'not there'}`;
  if (identifiers.callId !== who.callId) return `another chat: ${identifiers.callId ?? 'none'}`;

  const numbers = /^(\d+)\/(\d+|-)$/.exec(fact);
  if (numbers) {
    const id = identifiers.messageId === undefined ? '-' : String(identifiers.messageId);
    return is(`${identifiers.messageType ?? '?'}/${id}`, fact);
  }
  const [name = '', ...rest] = fact.split(' ');
  const value = rest.join(' ');
  switch (name) {
    case 'text':
      return value === '' ? (seen.text ? undefined : 'no text') : is(seen.text, unquoted(value));
    case 'location':
      return header('Geolocation') !== undefined && message.body.includes('<gp:geopriv')
        ? undefined
        : 'no location';
    case 'to':
      return is(message.requestUri, value.includes(':') ? value : who.uriOf(value));
    case 'from':
      return is(parseNameAddr(header('From') ?? '')?.uri, who.uriOf(value));
    case 'reply-to':
      return is(header('Reply-To'), who.uriOf(value));
    case 'history-info':
      return is(parseNameAddr(header('History-Info') ?? '')?.uri, who.uriOf(value));
    case 'resource-priority':
      return is(header('Resource-Priority'), value);
    case 'priority':
      return is(header('Priority'), value);
    case 'unmarked':
      return header('Resource-Priority') === undefined && header('Priority') === undefined
        ? undefined
        : 'marked';
    case 'same':
      return rule(seen, log, 0);
    case 'next':
      return rule(seen, log, 1);
    default:
      return `what is "${fact}"?`;
  }
}

/** `same number`, `next number`: 6.2.6 and 6.2.7 repeat the number used last, everything else takes the next. */
function rule(seen: SeenMessage, log: Log, more: 0 | 1): string | undefined {
  const before = log.seen
    .slice(0, log.seen.indexOf(seen))
    .flatMap((s) => (s.kind === 'sip' && s.from === seen.from ? [s.identifiers.messageId ?? 0] : []));
  const wanted = Math.max(0, ...before) + more;
  const found = seen.identifiers.messageId;
  return found === wanted ? undefined : `number ${found ?? 'none'} where ${wanted} is due`;
}

export function unlikeHttp(seen: SeenHttp, fact: string, who: Who): string | undefined {
  const is = (found: unknown, wanted: unknown): string | undefined =>
    found === wanted ? undefined : `${fact}: it is ${String(found)}`;
  const negotiation = seen.request as NegotiationRequest | undefined;
  const execution = seen.request as ExecutionRequest | undefined;
  if (seen.request && seen.request.CallId !== who.callId) return 'another chat';
  const [name = '', ...rest] = fact.split(' ');
  const value = rest.join(' ');
  switch (name) {
    case 'negotiation':
    case 'execution':
      return is(seen.what, name);
    case 'no':
      return is(seen.what, 'no answer');
    case '200':
    case '202':
    case '406':
    case '503':
      return is(seen.status, Number(name));
    case 'from':
      return is(negotiation?.TransferFrom, who.uriOf(value));
    case 'to':
      return is(negotiation?.TransferTo, who.uriOf(value));
    case 'because':
      return is(negotiation?.ReasonText, unquoted(value));
    case 'number':
      return is(execution?.MessageId, Number(value));
    case 'expires':
      return is(execution?.ExpiryTime, Number(value));
    case 'app':
    case 'messages': {
      const history = readHistory(execution?.Data);
      if (!history.ok) return `Data: ${history.error.join(', ')}`;
      return name === 'app'
        ? is(history.value.AppUri, who.uriOf(value))
        : is(history.value.Messages.length, Number(value));
    }
    default:
      return `what is "${fact}"?`;
  }
}

export function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
