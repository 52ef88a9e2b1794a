import { type Result, err, ok } from '@esinet/kernel';
import {
  type ElementState,
  type QueueState,
  type ServiceState,
  elementStates,
  queueStates,
  securityPostures,
  serviceStates,
} from './state.js';
import type { StateKind, StateOf } from './state-packages.js';

/** Why a body tells no state. `unreachable`: it says a word that only a subscriber may conclude. */
export type StateFlaw = 'too-long' | 'no-json' | 'no-object' | 'no-name' | 'bad-state' | 'unreachable';

/** What whoever asked knows already, where the answer does not repeat it. */
export interface AskedName {
  readonly elementId?: string;
  readonly name?: string;
  readonly domain?: string;
  readonly queueUri?: string;
}

/** Octets of a body: real ones have some 200. */
export const maxStateBytes = 16_384;

/** Characters of an identifier, a domain or a URI; and of a reason, which is cut. */
const maxName = 512;
const maxReason = 256;

/** Reads the body of a NOTIFY. */
export function readStateBody<K extends StateKind>(
  kind: K,
  body: Buffer,
  asked: AskedName = {},
): Result<StateOf[K], StateFlaw> {
  if (body.length > maxStateBytes) return err('too-long');
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return err('no-json');
  }
  return readState(kind, value, asked);
}

/**
 * Reads what was JSON, as liberally as the forms in use differ: flat (ng911-dev), wrapped in a member named after the
 * package (Ng911Lib), the short names and lower-case words of dec112. Members that are not known are left behind.
 */
export function readState<K extends StateKind>(
  kind: K,
  value: unknown,
  asked: AskedName = {},
): Result<StateOf[K], StateFlaw> {
  if (!isObject(value)) return err('no-object');
  return readers[kind](value, asked) as Result<StateOf[K], StateFlaw>;
}

const readers = { element: readElement, service: readService, queue: readQueue };

type Members = Readonly<Record<string, unknown>>;

function readElement(value: Members, asked: AskedName): Result<ElementState, StateFlaw> {
  const inner = member(value, 'elementState');
  const wrapped = isObject(inner) ? inner : {};
  const state = wordAmong(elementStates, first([wrapped, value], ['state']) ?? inner);
  if (!state.ok) return state;
  const elementId = name([value, wrapped], ['elementId', 'elementDomain']) ?? asked.elementId;
  if (elementId === undefined) return err('no-name');
  return ok({ elementId, state: state.value, ...reasonOf([wrapped, value]) });
}

function readService(value: Members, asked: AskedName): Result<ServiceState, StateFlaw> {
  const service = member(value, 'service');
  const inner = member(value, 'serviceState');
  const posture = member(value, 'securityPosture');
  const of = isObject(service) ? service : {};
  const wrapped = isObject(inner) ? inner : {};
  const state = wordAmong(serviceStates, first([wrapped, value], ['state']) ?? inner);
  if (!state.ok) return state;
  const called = name([of, wrapped, value], ['name']) ?? text(service) ?? asked.name;
  const domain = name([of, wrapped, value], ['domain']) ?? asked.domain;
  if (called === undefined || domain === undefined) return err('no-name');
  const serviceId = name([of, wrapped, value], ['serviceId']);
  // An unknown posture is no reason to lose the state it came with.
  const colour = wordAmong(
    securityPostures,
    isObject(posture) ? member(posture, 'posture') : (posture ?? member(value, 'posture')),
  );
  return ok({
    service: { name: called, ...(serviceId !== undefined && { serviceId }), domain },
    serviceState: { state: state.value, ...reasonOf([wrapped, value]) },
    ...(colour.ok && { securityPosture: { posture: colour.value } }),
  });
}

function readQueue(value: Members, asked: AskedName): Result<QueueState, StateFlaw> {
  const inner = member(value, 'queueState');
  const wrapped = isObject(inner) ? inner : {};
  const state = wordAmong(queueStates, first([wrapped, value], ['state']) ?? inner);
  if (!state.ok) return state;
  const queueUri = name([wrapped, value], ['queueUri', 'uri']) ?? asked.queueUri;
  if (queueUri === undefined) return err('no-name');
  return ok({
    queueUri,
    queueLength: count(first([wrapped, value], ['queueLength', 'length'])),
    queueMaxLength: count(first([wrapped, value], ['queueMaxLength', 'maxLength', 'max'])),
    state: state.value,
  });
}

/** The word as it is written in the registry, whatever its case was. */
function wordAmong<const W extends string>(
  words: readonly W[],
  given: unknown,
): Result<Exclude<W, 'Unreachable'>, StateFlaw> {
  if (typeof given !== 'string') return err('bad-state');
  const lower = given.trim().toLowerCase();
  const found = words.find((word) => word.toLowerCase() === lower);
  if (found === undefined) return err('bad-state');
  return found === 'Unreachable' ? err('unreachable') : ok(found as Exclude<W, 'Unreachable'>);
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member(of: Members, named: string): unknown {
  return Object.hasOwn(of, named) ? of[named] : undefined;
}

function first(places: readonly Members[], names: readonly string[]): unknown {
  for (const place of places) {
    for (const each of names) {
      const found = member(place, each);
      if (found !== undefined && found !== null) return found;
    }
  }
  return undefined;
}

function name(places: readonly Members[], names: readonly string[]): string | undefined {
  return text(first(places, names));
}

function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' || trimmed.length > maxName || hasControl(trimmed) ? undefined : trimmed;
}

function hasControl(given: string): boolean {
  for (let i = 0; i < given.length; i++) {
    const code = given.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function reasonOf(places: readonly Members[]): { readonly reason?: string } {
  const given = first(places, ['reason']);
  if (typeof given !== 'string' || given.trim() === '') return {};
  const plain = [...given.slice(0, maxReason)].map((c) => (hasControl(c) ? ' ' : c)).join('');
  return { reason: plain.trim() };
}

/** A number of calls; 0 where none is given. */
function count(given: unknown): number {
  const value = typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
