import {
  type AuthorisationObject,
  type EndpointId,
  type TaskObject,
  type TaskSelector,
  errorCodes,
  ownFormats,
} from '@esinet/handover';
import { type Result, err, ok } from '@esinet/kernel';
import { timeOf } from '@esinet/handover';
import type { IntakeProblem, IntakeRequest } from './intake.js';
import type { Authority, Category, HashAlgorithm, HashConstruct } from './model.js';

/** Why a task cannot become a case, as TS 103 120 Annex D says it. Nothing of what was sent is in the sentence. */
export interface TaskProblem {
  readonly code: number;
  readonly message: string;
}

type Selectors = Pick<IntakeRequest, 'selectors' | 'hash'>;

/** A task and the authorisation it names, as an intake takes them. Whether they can be granted is the intake's to say. */
export function taskRequest(
  task: TaskObject,
  order: AuthorisationObject | undefined,
  authority: Authority,
): Result<IntakeRequest, TaskProblem> {
  if (!order) return problem(errorCodes.linkMissing, 'the task names no authorisation of this message');
  const { reference: legalReference, from: validFrom, until: validUntil } = order;
  if (legalReference === undefined) return missing('AuthorisationReference');
  if (validFrom === undefined || validUntil === undefined) return missing('AuthorisationTimespan');
  if (order.status !== undefined && ended.has(order.status)) {
    return problem(errorCodes.improperValue, 'AuthorisationStatus: the authorisation is not in force');
  }
  if (task.desiredStatus !== undefined && ended.has(task.desiredStatus)) {
    return problem(errorCodes.unsupportedAction, 'DesiredStatus: a task is created to be carried out');
  }
  const ours = [...order.providers, ...(task.provider ? [task.provider] : [])];
  if (!ours.every((provider) => isSame(provider, authority.profile.sender))) {
    return problem(errorCodes.improperValue, 'CSPID: is for another provider');
  }
  if (!task.reference) return missing('Reference');
  if (task.from === undefined || task.until === undefined) {
    return missing(task.referenceKind === 'LDID' ? 'StartTime and EndTime of RequestDetails' : 'Timespan');
  }
  const range = { from: task.from, until: task.until };
  if (!task.observed.every((at) => isBetween(at, range))) {
    return problem(errorCodes.improperValue, 'ObservedTime: is outside the times of the request');
  }
  const categories = categoriesOf(task);
  if (!categories.ok) return categories;
  const selectors = selectorsOf(task.selectors);
  if (!selectors.ok) return selectors;
  const deliveryUrl = deliveryUrlOf(task);
  if (!deliveryUrl.ok) return deliveryUrl;
  return ok({
    ...{ authority: authority.id, reference: task.reference, legalReference, range },
    ...{ categories: categories.value, ...selectors.value },
    validity: { from: validFrom, until: validUntil },
    ...(deliveryUrl.value !== undefined && { deliveryUrl: deliveryUrl.value }),
  });
}

/** Problems of an intake as one error of TS 103 120. */
export function intakeError(problems: readonly IntakeProblem[]): TaskProblem {
  const isMissing = problems.every(({ member }) => member === 'legalReference' || member === 'categories');
  return {
    code: isMissing ? errorCodes.missing : errorCodes.improperValue,
    message: problems.map(({ member, message }) => `${member}: ${message}`).join('; '),
  };
}

/** Values of AuthorisationStatus and of the desired status of a task under which nothing is to be done. */
const ended = new Set(['Rejected', 'Suspended', 'Cancelled', 'Expired', 'Invalid', 'Disclosed']);

/** Dictionary RequestType, and DeliveryType of an LITaskObject. */
const categoriesByType: Readonly<Record<string, readonly Category[]>> = {
  SubscriberData: ['subscriber'],
  UserIdentifyingData: ['subscriber'],
  SubscriberDataAndUserIdentifyingData: ['subscriber'],
  TrafficData: ['traffic'],
  StoredContentData: ['content'],
  TrafficDataAndStoredContentData: ['traffic', 'content'],
  Other: [],
  IRIOnly: ['traffic'],
  CCOnly: ['content'],
  IRIandCC: ['traffic', 'content'],
};

/** Our own subtypes: what one RequestType cannot say, a location above all. */
const categoriesByName: Readonly<Record<string, Category>> = {
  Subscriber: 'subscriber',
  Traffic: 'traffic',
  Content: 'content',
  Location: 'location',
};

function categoriesOf({ type, categories }: TaskObject): Result<Category[], TaskProblem> {
  const byType = type === undefined ? [] : own(categoriesByType, type);
  if (!byType) return problem(errorCodes.unsupportedAction, 'Type: a type of request that is not known here');
  const named = categories.map((name) => own(categoriesByName, name));
  if (named.includes(undefined)) {
    return problem(errorCodes.unsupportedAction, 'Subtype: a category that is not known here');
  }
  const all = [...byType, ...named.filter((category) => category !== undefined)];
  return all.length > 0 ? ok([...new Set(all)]) : missing('Type');
}

/** TS 103 280 formats, and ours: what is no selector is salt and digest of D.4. */
function selectorsOf(values: readonly TaskSelector[]): Result<Selectors, TaskProblem> {
  const selectors: { kind: 'uri' | 'call-id'; value: string }[] = [];
  const hash = new Map<string, string>();
  for (const { owner, format, value } of values) {
    if (owner === 'ETSI' && (format === 'SIPURI' || format === 'TELURI')) {
      selectors.push({ kind: 'uri', value });
    } else if (owner === 'ETSI' && format === 'InternationalE164') {
      selectors.push({ kind: 'uri', value: `tel:+${value}` });
    } else if (owner === ownFormats.owner && format === ownFormats.callIdentifier) {
      selectors.push({ kind: 'call-id', value });
    } else if (owner === ownFormats.owner && hashFormats.has(format) && !hash.has(format)) {
      hash.set(format, value);
    } else {
      return problem(errorCodes.unsupportedAction, 'FormatType: a format that is not known here');
    }
  }
  if (selectors.length === 0) return missing('a value to select by');
  if (hash.size === 0) return ok({ selectors });
  const salt = hash.get(ownFormats.salt);
  const digest = hash.get(ownFormats.digest);
  const algorithm = hash.get(ownFormats.algorithm);
  const construct = hash.get(ownFormats.construct);
  if (salt === undefined || digest === undefined) return missing('salt and digest, both');
  if (algorithm !== undefined && !isAlgorithm(algorithm)) {
    return problem(errorCodes.unsupportedAction, 'SelectorHashAlgorithm: is not known here');
  }
  if (construct !== undefined && !isConstruct(construct)) {
    return problem(errorCodes.unsupportedAction, 'SelectorHashConstruct: is not known here');
  }
  return ok({
    selectors,
    hash: { salt, digest, ...(algorithm && { algorithm }), ...(construct && { construct }) },
  });
}

const hashFormats: ReadonlySet<string> = new Set([
  ownFormats.salt,
  ownFormats.digest,
  ownFormats.algorithm,
  ownFormats.construct,
]);

/** TS 103 120 8.3.6: a request cannot say where records go; it can only repeat what was agreed before. */
function deliveryUrlOf({ destinations }: TaskObject): Result<string | undefined, TaskProblem> {
  let url: string | undefined;
  for (const { kind, value, format } of destinations) {
    if (format !== undefined && format !== 'TS103707') {
      return problem(errorCodes.unsupportedAction, 'HandoverFormat: only TS103707 is handed over');
    }
    if (kind === undefined) continue;
    if (kind !== 'URL' || (url !== undefined && url !== value)) {
      return problem(errorCodes.improperValue, 'DeliveryAddress: is not the one that was agreed');
    }
    url = value;
  }
  return ok(url);
}

function isAlgorithm(text: string): text is HashAlgorithm {
  return text === 'sha-256' || text === 'sha-512' || text === 'sha3-512';
}

function isConstruct(text: string): text is HashConstruct {
  return text === 'salt-prefix' || text === 'salt-suffix' || text === 'hmac';
}

export function isSame(a: EndpointId, b: EndpointId): boolean {
  return a.countryCode === b.countryCode && a.uniqueIdentifier === b.uniqueIdentifier;
}

function isBetween(at: string, { from, until }: IntakeRequest['range']): boolean {
  const time = timeOf(at) ?? NaN;
  return time >= (timeOf(from) ?? NaN) && time < (timeOf(until) ?? NaN);
}

/** What a table has of its own: names come from outside. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function missing(what: string): Result<never, TaskProblem> {
  return problem(errorCodes.missing, `${what}: is missing`);
}

function problem(code: number, message: string): Result<never, TaskProblem> {
  return err({ code, message });
}
