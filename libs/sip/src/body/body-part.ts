import type { MediaType } from '../codec/media-type.js';

export interface BodyPart {
  readonly contentType: MediaType | undefined;
  /** without angle brackets (RFC 2392) */
  readonly contentId?: string;
  /** names in lower case; of a name given twice the first */
  readonly headers: ReadonlyMap<string, string>;
  /** A view on the message's octets, but a copy where a transfer encoding was undone. */
  readonly body: Buffer;
  /** The transfer encoding is `unknown` or was not kept to (`broken`): `body` is as it was sent, or as far as it goes. */
  readonly encodingProblem?: 'unknown' | 'broken';
}

export interface BodyLimits {
  /** Body parts read from one message, over all levels. */
  readonly maxParts: number;
  /** Levels of multipart in multipart; what lies deeper is handed out as one part, unread. */
  readonly maxDepth: number;
  /** Header lines of one body part. */
  readonly maxPartHeaders: number;
}

export const defaultBodyLimits: BodyLimits = { maxParts: 50, maxDepth: 4, maxPartHeaders: 50 };
