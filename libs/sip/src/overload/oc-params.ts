import type { Params } from '../codec/params.js';

/** RFC 7339 4, RFC 7415 */
export type OcAlgorithm = 'loss' | 'rate';

/** What a server says in the topmost Via of a response. RFC 7339 4 */
export interface OcFeedback {
  /** Percent to leave out, or requests a second, by the algorithm. */
  readonly oc: number;
  readonly algorithm: string;
  /** Milliseconds; 0 ends the control. */
  readonly validityMs: number;
  readonly sequence: OcSequence | undefined;
}

/** `oc-seq`: the digits before and after its dot. */
export interface OcSequence {
  readonly whole: number;
  /** Of 100,000. */
  readonly fraction: number;
}

/** RFC 7339 4.3 */
export const defaultValidityMs = 500;

/** Longest validity that is believed: a slip of the far side must not keep it without calls for days. */
const longestValidityMs = 600_000;

const names = new Set(['oc', 'oc-algo', 'oc-validity', 'oc-seq']);

/** The algorithms that the client of a request can do, in its order, or undefined where it does not take part. RFC 7339 5.1 */
export function offeredAlgorithms(params: Params): readonly string[] | undefined {
  const list = params.get('oc-algo');
  if (list === undefined || !params.has('oc')) return undefined;
  return list.split(',').map((name) => name.trim().toLowerCase());
}

/** What a response says, or undefined where it says nothing: the server left our parameter without a value. RFC 7339 4 */
export function feedbackOf(params: Params): OcFeedback | undefined {
  const oc = digits(params.get('oc'), 9);
  // 4.3: a validity without its oc is discarded; that of 0 ends the control by itself.
  const validity = digits(params.get('oc-validity'), 9);
  if (oc === undefined && validity !== 0) return undefined;
  const algorithm = params.get('oc-algo')?.trim().toLowerCase() ?? 'loss';
  return {
    oc: oc ?? 0,
    algorithm,
    validityMs: Math.min(validity ?? defaultValidityMs, longestValidityMs),
    sequence: sequenceOf(params.get('oc-seq')),
  };
}

/** `oc-seq = 1*12DIGIT "." 1*5DIGIT`; a number without its fraction is taken too. RFC 7339 9 */
export function sequenceOf(text: string | undefined): OcSequence | undefined {
  if (text === undefined) return undefined;
  const dot = text.indexOf('.');
  const whole = digits(dot < 0 ? text : text.slice(0, dot), 12);
  const fraction = dot < 0 ? '0' : text.slice(dot + 1);
  const parts = digits(fraction, 5);
  if (whole === undefined || parts === undefined) return undefined;
  return { whole, fraction: parts * 10 ** (5 - fraction.length) };
}

/** A Via value without the parameters of overload control. RFC 7339 5.4, 5.6 */
export function withoutOverload(via: string): string {
  if (!via.includes(';') || !/;\s*oc[\s;=-]|;\s*oc$/i.test(via)) return via;
  const [sentBy = '', ...params] = splitParams(via);
  return [sentBy, ...params.filter((param) => !names.has(nameOf(param)))].join(';');
}

/** A Via value with these parameters in place of those it has. RFC 7339 5.2 */
export function withFeedback(via: string, text: string): string {
  return withoutOverload(via) + text;
}

const crlf = Buffer.from('\r\n');
const viaLine = Buffer.from('\r\nVia:');

/**
 * A response as we write them, with what the server says in its topmost Via. Only the one line is read; the rest is
 * copied as it is.
 */
export function stampResponse(response: Buffer, text: string): Buffer {
  const found = response.indexOf(viaLine);
  if (found < 0) return response;
  const from = found + viaLine.length;
  const to = response.indexOf(crlf, from);
  // A folded line goes on in the next one: left as it is, since this is a hint and not worth a mistake.
  if (to < 0 || response[to + 2] === 0x20 || response[to + 2] === 0x09) return response;
  const line = response.toString('latin1', from, to);
  const end = memberEnd(line);
  const value = ` ${withFeedback(line.slice(0, end).trim(), text)}${line.slice(end)}`;
  const stamped = Buffer.allocUnsafe(response.length - (to - from) + value.length);
  response.copy(stamped, 0, 0, from);
  stamped.write(value, from, 'latin1');
  response.copy(stamped, from + value.length, to);
  return stamped;
}

/** Where the first value of a list ends: at a comma outside of quotes. */
function memberEnd(line: string): number {
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (quoted && char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) return at;
  }
  return line.length;
}

function splitParams(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted && char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (char === ';' && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function nameOf(param: string): string {
  const equals = param.indexOf('=');
  return (equals < 0 ? param : param.slice(0, equals)).trim().toLowerCase();
}

function digits(text: string | undefined, most: number): number | undefined {
  if (text === undefined || text.length === 0 || text.length > most) return undefined;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return undefined;
  }
  return Number(text);
}
