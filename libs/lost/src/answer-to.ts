import { type Result, err, ok } from '@esinet/kernel';
import type { LostClientError } from './http-lost-client.js';
import type { LostAnswer, LostRequest } from './messages.js';
import { readLostAnswer } from './read-answer.js';

const ANSWER_TO = {
  findService: 'findServiceResponse',
  getServiceBoundary: 'getServiceBoundaryResponse',
  listServices: 'listServicesResponse',
  listServicesByLocation: 'listServicesByLocationResponse',
  getServiceListBoundary: 'getServiceListBoundaryResponse',
} as const;

/** What a document says to a question, whatever carried it. */
export function lostAnswerTo(
  request: LostRequest,
  document: Buffer | string,
  maxBytes: number,
): Result<LostAnswer, LostClientError> {
  if (document.length > maxBytes) return err({ code: 'too-large', message: `more than ${maxBytes} octets` });
  const read = readLostAnswer(document, { maxBytes, maxElements: Math.ceil(maxBytes / 16) });
  if (!read.ok) return err({ code: 'malformed', message: read.error.message });
  const { type } = read.value;
  if (type !== 'errors' && type !== 'redirect' && type !== ANSWER_TO[request.type]) {
    return err({ code: 'malformed', message: `${request.type} answered by ${type}` });
  }
  return ok(read.value);
}
