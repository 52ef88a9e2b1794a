import type { Records } from '@esinet/platform';
import { writeMultipart } from '@esinet/sip';

/** One chat as a PSAP keeps it: messages a second apart, each with a text, a picture (the second one large), a place and data of the subscriber. */
export interface RecordedChat {
  readonly chat: string;
  /** P-Asserted-Identity. */
  readonly caller: string;
  /** From. */
  readonly sender: string;
  readonly startedAt: string;
  readonly texts: readonly string[];
}

export const picture = Buffer.from('89504e470d0a1a0a00ff0d0a', 'hex');

export async function recordChat(
  records: Records,
  { chat, caller, sender, startedAt, texts }: RecordedChat,
): Promise<void> {
  const callId = `urn:emergency:uid:callid:${chat}:app.lab`;
  const head = { version: 1, chat, callId, centre: 'madrid' };
  const start = Date.parse(startedAt);
  await records.put('chats', chat, {
    ...head,
    caller,
    sender,
    service: 'urn:service:sos',
    test: false,
    startedAt,
  });
  await records.put('chats-by-time', `${startedAt}/${chat}`, chat);
  for (const [i, text] of texts.entries()) {
    await records.put('messages', `${chat}/${String(i).padStart(6, '0')}`, {
      ...{ ...head, sequence: i, direction: 'in', sender, kind: 'in-chat', to: 'urn:service:sos' },
      ...{
        at: new Date(start + i * 1_000).toISOString(),
        messageId: i + 1,
        messageType: 259,
        text,
        raw: raw(text, i),
      },
    });
  }
}

/** The request as it was received, base64. */
function raw(text: string, index: number): string {
  const { contentType, body } = writeMultipart([
    { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: text },
    {
      headers: [['Content-Type', 'image/png']],
      body: index === 1 ? Buffer.concat([picture, Buffer.alloc(300_000, 7)]) : picture,
    },
    { headers: [['Content-Type', 'application/pidf+xml']], body: `<presence entity="pres:${text}"/>` },
    {
      headers: [['Content-Type', 'application/EmergencyCallData.SubscriberInfo+xml']],
      body: `<s>${text}</s>`,
    },
  ]);
  const head = [
    'MESSAGE urn:service:sos SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa',
    'From: <sip:a@b>;tag=a',
    'To: <urn:service:sos>',
    'Call-ID: a@b',
    'CSeq: 1 MESSAGE',
    `Content-Type: ${contentType}`,
    `Content-Length: ${body.length}`,
  ].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]).toString('base64');
}
