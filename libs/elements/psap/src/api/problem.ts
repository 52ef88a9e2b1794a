import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { type Logger, messageOf } from '@esinet/kernel';
import { LOGGER, RecordsError } from '@esinet/platform';

/** What can go wrong, by the code a program may rely on. The meaning stands under `/api/problems/{code}`. */
export const problems = {
  'bad-request': [
    400,
    'Bad request',
    'The path, the query or the body is not as described. `detail` names the place.',
  ],
  'bad-target': [
    400,
    'Bad target',
    'The target is no SIP URI, or it is the centre where the chat is already.',
  ],
  'no-agreement': [
    403,
    'No agreement',
    'No agreement with that PSAP allows it (`psap.transfer.agreements`).',
  ],
  'not-found': [
    404,
    'Not found',
    'There is no such chat, call taker, transfer, snippet, attachment or path.',
  ],
  'not-open': [
    409,
    'Chat not open',
    'The chat is closed, was handed over, or is in the middle of a transfer.',
  ],
  busy: [409, 'Busy', 'Another transfer of the chat is under way.'],
  refused: [409, 'Refused by the other PSAP', 'It said no, or could not be asked. The chat stays here.'],
  'not-signed-on': [409, 'Not signed on', 'Only a call taker who is signed on can have chats.'],
  'not-in-queue': [
    409,
    'Not in the queue',
    'The chat is over, is a test, or is on its way to another centre.',
  ],
  'queue-empty': [409, 'Nobody waits', 'No chat waits for this call taker.'],
  taken: [409, 'Taken', 'Another call taker has the chat. It has to be released first.'],
  'no-seat': [409, 'No seat free', 'The call taker has as many chats as seats.'],
  'other-centre': [409, 'Other centre', 'The call taker signed on for other centres.'],
  'not-yours': [409, 'Not your chat', 'The call taker has not accepted this chat.'],
  'no-speaker': [
    409,
    'Who speaks?',
    'While call takers are signed on, whoever acts in a chat is named: header `X-Taker`, or `by` in the body.',
  ],
  'no-source': [
    409,
    'Source not known',
    'No border has named the source of this chat: it came from inside, or through another border.',
  ],
  'unknown-source': [
    409,
    'Source forgotten',
    'The border does not know the source any more. A later message of it can be reported.',
  ],
  'not-reported': [
    502,
    'Not reported',
    'The border could not be asked, or refused (`psap.badActors.borders`). `detail` says why.',
  ],
  'too-many-takers': [409, 'Too many call takers', 'As many as `psap.takers.signedOn` are signed on.'],
  'too-many-notes': [409, 'Too many notes', 'The chat has as many as `psap.takers.notes`.'],
  'too-long': [
    413,
    'Too long',
    'The text or the whole body is longer than a limit. `detail` names it where it can.',
  ],
  'unsupported-media-type': [415, 'JSON only', 'Bodies are `application/json`.'],
  'not-stored': [
    503,
    'Records not available',
    'They cannot be written or read now: nothing was sent. `/readyz` says why.',
  ],
  'too-many-listeners': [
    503,
    'Too many listeners',
    'As many as `psap.events.listeners` read the event stream.',
  ],
  internal: [500, 'Internal error', 'A mistake of this program. The log says more.'],
} as const satisfies Readonly<Record<string, readonly [number, string, string]>>;

export type ProblemCode = keyof typeof problems;

/** RFC 9457: an error of the REST interface as `application/problem+json`. */
export class Problem extends HttpException {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
  ) {
    super(code, problems[code][0]);
  }
}

/** Gives every error the form of RFC 9457: those of controllers, of the body parser, and Nest's own. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    if (response.headersSent || response.destroyed) return;
    const [code, detail] = codeOf(error);
    if (problems[code][0] >= 500 && !(error instanceof Problem))
      this.logger.error('request failed', { reason: messageOf(error) });
    const [status, title] = problems[code];
    response.statusCode = status;
    response.setHeader('content-type', 'application/problem+json');
    response.end(JSON.stringify({ type: `/api/problems/${code}`, title, status, detail, code }));
  }
}

function codeOf(error: unknown): [ProblemCode, string] {
  if (error instanceof Problem) return [error.code, error.detail];
  if (error instanceof RecordsError) return ['not-stored', 'the records cannot be read now'];
  const status = statusOf(error);
  if (status === 404) return ['not-found', 'there is nothing under this path'];
  if (status === 413) return ['too-long', 'the body is longer than any text can be'];
  if (status === 415) return ['unsupported-media-type', 'the character set or coding of the body is unknown'];
  if (status !== undefined && status >= 400 && status < 500)
    return ['bad-request', 'the request cannot be read'];
  return ['internal', 'the request could not be answered'];
}

/** Of Nest's exceptions and of those of the body parser. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  return typeof error.status === 'number' ? error.status : undefined;
}
