import type { SendOutcome } from '@esinet/lmpe';

/** One body of a message. Octets go out as they are; a text goes out as UTF-8. */
export interface AppPart {
  readonly contentType: string;
  /** Without angle brackets. */
  readonly contentId?: string;
  /** Value of Content-Disposition. */
  readonly disposition?: string;
  readonly body: string | Uint8Array;
}

/**
 * A MESSAGE to be sent. The link adds what is SIP's own (Via, To = `uri`, Call-ID, CSeq, Max-Forwards). One part is the
 * plain body, several are written as multipart/mixed, none is an empty message.
 */
export interface AppRequest {
  readonly uri: string;
  /** name-addr with a tag: the same in every message of the chat. */
  readonly from: string;
  /** Names may occur more than once; each value stays a header line of its own. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly parts: readonly AppPart[];
}

/** The way out of an APP, one request and its final answer at a time. Never throws. */
export interface AppLink {
  send(request: AppRequest): Promise<SendOutcome>;
  close(): Promise<void>;
}

/** A MESSAGE that came in, as far as an APP has to know it. */
export interface AppIncoming {
  /** Bare URI of From. */
  readonly sender: string;
  /** Bare URI of Reply-To. */
  readonly replyTo?: string;
  /** Call-Info values, one URI with its parameters each. */
  readonly callInfo: readonly string[];
  /** The text/plain parts. */
  readonly texts: readonly string[];
  /** Tells messages without a Message Identifier apart: SIP Call-ID and CSeq, or alike. */
  readonly reference: string;
  /** Tells what else it carried from other such content (attachments, not the location). */
  readonly content?: string;
  /** `Priority: psap-callback` (RFC 7090). */
  readonly callBack?: boolean;
}
