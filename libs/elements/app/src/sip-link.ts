import type { AppIncoming, AppLink, AppPart, AppRequest, ChatClient } from '@esinet/lmpe-client';
import {
  type SipMessage,
  type UacRequest,
  type UasAnswer,
  parseNameAddr,
  readBodyParts,
  writeMultipart,
} from '@esinet/sip';
import type { Link } from './link.js';
import type { Registration } from './registration.js';

/** The way out of an APP over our own SIP stack. */
export function appLink(link: Link, registration?: Registration): AppLink {
  return {
    send: async (request) => {
      const outcome = await link.send(uacRequest(request));
      return outcome.kind === 'response'
        ? { kind: 'answered', status: outcome.message.status }
        : { kind: 'failure', reason: outcome.reason };
    },
    close: async () => {
      registration?.close();
      await link.close();
    },
  };
}

export function uacRequest({ uri, from, headers, parts }: AppRequest): UacRequest {
  const request = { method: 'MESSAGE', uri, from, to: uri };
  const [first] = parts;
  if (!first) return { ...request, headers };
  if (parts.length > 1) {
    const multipart = writeMultipart(
      parts.map((part) => ({ headers: partHeaders(part), body: octets(part) })),
    );
    return { ...request, headers, ...multipart };
  }
  const [, ...rest] = partHeaders(first);
  return { ...request, headers: [...headers, ...rest], contentType: first.contentType, body: octets(first) };
}

/** Content-Type first. */
function partHeaders({ contentType, contentId, disposition }: AppPart): (readonly [string, string])[] {
  return [
    ['Content-Type', contentType],
    ...(contentId === undefined ? [] : [['Content-ID', `<${contentId}>`] as const]),
    ...(disposition === undefined ? [] : [['Content-Disposition', disposition] as const]),
  ];
}

function octets({ body }: AppPart): Buffer | string {
  return typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** What the chat answers to a MESSAGE. */
export function answerTo(client: ChatClient, request: SipMessage): UasAnswer {
  return { status: client.receive(incoming(request)) };
}

export function incoming(request: SipMessage): AppIncoming {
  const replyTo = addressOf(request.header('Reply-To'));
  return {
    sender: addressOf(request.header('From')) ?? '',
    callInfo: request.values('Call-Info'),
    texts: readBodyParts(request)
      .filter(({ contentType }) => contentType === undefined || isTextPlain(contentType))
      .map(({ body }) => body.toString('utf8')),
    reference: `${request.callId ?? ''} ${request.cseq?.number ?? ''}`,
    ...(replyTo !== undefined && { replyTo }),
    ...(request.header('Priority')?.trim().toLowerCase() === 'psap-callback' && { callBack: true }),
  };
}

function isTextPlain(type: { readonly type: string; readonly subtype: string }): boolean {
  return type.type.toLowerCase() === 'text' && type.subtype.toLowerCase() === 'plain';
}

function addressOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : parseNameAddr(value)?.uri;
}
