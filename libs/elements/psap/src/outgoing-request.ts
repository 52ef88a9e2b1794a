import { type OutgoingMessage, writeCallInfo } from '@esinet/lmpe';
import type { UacRequest } from '@esinet/sip';

/** TS 103 698 6.1.2.5: what a PSAP sends while an incident is being handled. */
export const resourcePriority = 'esnet.0';

/** RFC 7090: says to whom it passes that a PSAP calls back. */
export const callBackMark = 'psap-callback';

/**
 * The MESSAGE of a PSAP (TS 103 698 6.2.2, 6.2.3). Reply-To is a bare URI: the clients in the field take neither angle
 * brackets nor parameters there.
 */
export function outgoingRequest(o: {
  readonly callId: string;
  readonly centreUri: string;
  readonly element: string;
  readonly message: OutgoingMessage;
}): UacRequest {
  const { message } = o;
  const { messageType, messageId, callBack } = message;
  const identifiers = writeCallInfo({
    callId: o.callId,
    messageType,
    element: o.element,
    ...(messageId !== undefined && { messageId }),
  });
  const empty = message.text === undefined || message.text === '';
  return {
    method: 'MESSAGE',
    uri: message.to,
    from: o.centreUri,
    to: message.to,
    headers: [
      ['Reply-To', message.replyTo ?? o.centreUri],
      ...identifiers.map((value) => ['Call-Info', value] as const),
      // Outside an incident a call-back is not marked (6.1.2.5).
      ...(callBack === 'plain' ? [] : [['Resource-Priority', resourcePriority] as const]),
      ...(callBack === 'incident' ? [['Priority', callBackMark] as const] : []),
    ],
    ...(!empty && {
      body: Buffer.from(message.text ?? '', 'utf8'),
      contentType: 'text/plain; charset=utf-8',
    }),
  };
}
