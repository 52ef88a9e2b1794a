import { BusError } from './bus.js';

/** Why a text is no subject to publish on, or undefined when it is one. */
export function subjectProblem(subject: string): string | undefined {
  const problem = patternProblem(subject);
  if (problem) return problem;
  for (const token of subject.split('.')) {
    if (token === '*' || token === '>')
      return `"${token}" is a wildcard: it can be subscribed to, not published on`;
  }
  return undefined;
}

/** Why a text is no pattern to subscribe to, or undefined when it is one. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern === '') return 'it is empty';
  for (let i = 0; i < pattern.length; i++) {
    const code = pattern.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f) return 'it has a blank or control character';
  }
  const tokens = pattern.split('.');
  for (const [i, token] of tokens.entries()) {
    if (token === '') return 'it has an empty token';
    if (token === '>' && i !== tokens.length - 1) return '">" stands only at the end';
  }
  return undefined;
}

/** Compares tokens already split: NATS rules, `*` is one token, `>` is one or more. */
export function matches(pattern: readonly string[], subject: readonly string[]): boolean {
  for (const [i, token] of pattern.entries()) {
    if (token === '>') return subject.length > i;
    const actual = subject[i];
    if (actual === undefined || (token !== '*' && token !== actual)) return false;
  }
  return pattern.length === subject.length;
}

/**
 * Makes one subject token of any text (a call identifier, a URI): what is not a letter, digit, `-` or `_` becomes `=`
 * and its bytes in hex, so that no dot or wildcard of a stranger reaches a subject.
 */
export function subjectToken(text: string): string {
  if (text === '') return '=';
  let token = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const plain =
      (byte >= 0x30 && byte <= 0x39) ||
      (byte >= 0x41 && byte <= 0x5a) ||
      (byte >= 0x61 && byte <= 0x7a) ||
      byte === 0x2d ||
      byte === 0x5f;
    token += plain ? String.fromCharCode(byte) : `=${byte.toString(16).padStart(2, '0')}`;
  }
  return token;
}

/** @throws BusError `subject` */
export function checkSubject(subject: string): void {
  const problem = subjectProblem(subject);
  if (problem) throw new BusError('subject', `"${subject}" cannot be published on: ${problem}`);
}

/** @throws BusError `subject` */
export function checkPattern(pattern: string, queue: string | undefined): void {
  const problem = patternProblem(pattern);
  if (problem) throw new BusError('subject', `"${pattern}" cannot be subscribed to: ${problem}`);
  const queueProblem = queue === undefined ? undefined : patternProblem(queue);
  if (queueProblem) throw new BusError('subject', `"${queue ?? ''}" is no queue name: ${queueProblem}`);
}
