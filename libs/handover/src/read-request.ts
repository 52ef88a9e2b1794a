import type { Result } from '@esinet/kernel';
import { type XmlElement, type XmlLimits, child, childrenOf } from '@esinet/xml';
import { isQualifiedDateTime } from './etsi-time.js';
import type { MessageHeader } from './model.js';
import { namespaces, ownFormats } from './names.js';
import { isReference } from './peer-profile.js';
import {
  type MessageRefusal,
  defaultHandoverLimits,
  readActionIdentifier,
  readEndpoint,
  readEnvelope,
} from './read-envelope.js';
import { HandoverReadError, optionalText, required, requiredText, requiredUuid, typeOf } from './reading.js';
import type {
  AuthorisationObject,
  TaskDestination,
  TaskObject,
  TaskSelector,
  TaskedObject,
} from './request-model.js';

const { core, common, task, authorisation } = namespaces;

/** One HI1Message that asks for something. TS 103 120 6.4 */
export interface RequestMessage {
  readonly kind: 'request';
  readonly header: MessageHeader;
  /** In the order of their ActionIdentifiers, which count from 0. */
  readonly actions: readonly RequestAction[];
}

export type RequestAction =
  | { readonly kind: 'create'; readonly object: AuthorisationObject | TaskObject }
  /** An object of another type, or another action: named, so that it can be refused by its name. */
  | { readonly kind: 'unsupported'; readonly what: string };

/**
 * Reads a request of TS 103 120: authorisations and tasks that are to be created. What is asked for besides is named,
 * not read. Strict on form; what an intake needs and is not there is its own to say.
 */
export function readRequest(
  bytes: Uint8Array,
  limits: XmlLimits = defaultHandoverLimits,
): Result<RequestMessage, MessageRefusal> {
  return readEnvelope(bytes, limits, (header, payload) => {
    const request = child(payload, core, 'RequestPayload');
    if (!request) throw new HandoverReadError('the message asks for nothing');
    const actions = childrenOf(required(request, core, 'ActionRequests'), core, 'ActionRequest');
    if (actions.length === 0) throw new HandoverReadError('ActionRequests is empty');
    return { kind: 'request', header, actions: actions.map(readAction) };
  });
}

function readAction(action: XmlElement, index: number): RequestAction {
  readActionIdentifier(action, index);
  const create = child(action, core, 'CREATE');
  if (!create) {
    const other = action.children.find(({ local }) => local !== 'ActionIdentifier');
    return { kind: 'unsupported', what: other?.local.slice(0, 64) ?? 'no action' };
  }
  const object = required(create, core, 'HI1Object');
  const type = typeOf(object) ?? '';
  if (type === 'AuthorisationObject') return { kind: 'create', object: readAuthorisation(object) };
  if (type === 'LDTaskObject') return { kind: 'create', object: readLdTask(object) };
  if (type === 'LITaskObject') return { kind: 'create', object: readLiTask(object) };
  return { kind: 'unsupported', what: type.slice(0, 64) || 'HI1Object' };
}

function readObject(object: XmlElement): TaskedObject {
  const associated = child(object, core, 'AssociatedObjects');
  return {
    objectId: requiredUuid(object, core, 'ObjectIdentifier'),
    ...given({
      countryCode: optionalText(object, core, 'CountryCode'),
      owner: optionalText(object, core, 'OwnerIdentifier'),
    }),
    associated: associated
      ? childrenOf(associated, core, 'AssociatedObject').map(({ text }) => text.trim())
      : [],
  };
}

function readAuthorisation(object: XmlElement): AuthorisationObject {
  const uri = authorisation;
  const timespan = child(object, uri, 'AuthorisationTimespan');
  const providers = child(object, uri, 'AuthorisationCSPID');
  return {
    kind: 'authorisation',
    ...readObject(object),
    ...given({
      reference: optionalText(object, uri, 'AuthorisationReference'),
      status: dictionaryValue(object, uri, 'AuthorisationStatus'),
      desiredStatus: dictionaryValue(object, uri, 'AuthorisationDesiredStatus'),
      from: timespan && optionalTime(timespan, uri, 'StartTime'),
      until: timespan && optionalTime(timespan, uri, 'EndTime'),
    }),
    providers: providers ? childrenOf(providers, uri, 'CSPID').map(readEndpoint) : [],
  };
}

function readLdTask(object: XmlElement): TaskObject {
  const details = child(object, task, 'RequestDetails');
  const values = details && child(details, task, 'RequestValues');
  const subtypes = details && child(details, task, 'Subtype');
  const destinations = child(object, task, 'DeliveryDetails');
  return {
    kind: 'task',
    referenceKind: 'LDID',
    ...readObject(object),
    ...readTaskHead(object, 'LDID'),
    ...given({
      type: details && dictionaryValue(details, task, 'Type'),
      from: details && optionalTime(details, task, 'StartTime'),
      until: details && optionalTime(details, task, 'EndTime'),
    }),
    categories: ownCategories(subtypes ? childrenOf(subtypes, task, 'RequestSubtype') : []),
    observed: details ? observedTimes(details) : [],
    selectors: values ? childrenOf(values, task, 'RequestValue').map(readSelector) : [],
    destinations: destinations
      ? childrenOf(destinations, task, 'LDDeliveryDestination').map((each) =>
          readDestination(each, 'LDHandoverFormat'),
        )
      : [],
  };
}

function readLiTask(object: XmlElement): TaskObject {
  const timespan = child(object, task, 'Timespan');
  const target = child(object, task, 'TargetIdentifier');
  const values = target && child(target, task, 'TargetIdentifierValues');
  const flags = child(object, task, 'Flags');
  const destinations = child(object, task, 'DeliveryDetails');
  return {
    kind: 'task',
    referenceKind: 'LIID',
    ...readObject(object),
    ...readTaskHead(object, 'LIID'),
    ...given({
      type: dictionaryValue(object, task, 'DeliveryType'),
      from: timespan && optionalTime(timespan, task, 'StartTime'),
      until: timespan && optionalTime(timespan, task, 'EndTime'),
    }),
    categories: ownCategories(flags ? childrenOf(flags, task, 'TaskFlag') : []),
    observed: [],
    selectors: values ? childrenOf(values, task, 'TargetIdentifierValue').map(readSelector) : [],
    destinations: destinations
      ? childrenOf(destinations, task, 'DeliveryDestination').map((each) =>
          readDestination(each, 'HandoverFormat'),
        )
      : [],
  };
}

function readTaskHead(object: XmlElement, kind: 'LDID' | 'LIID') {
  const value = optionalText(object, task, 'Reference');
  if (value !== undefined && !isReference({ kind, value })) {
    throw new HandoverReadError(`Reference is no ${kind} in the form of TS 103 280`);
  }
  const provider = child(object, task, 'CSPID');
  return given({
    reference: value === undefined ? undefined : { kind, value },
    desiredStatus: dictionaryValue(object, task, 'DesiredStatus'),
    provider: provider && readEndpoint(provider),
  });
}

function readSelector(e: XmlElement): TaskSelector {
  const format = required(e, task, 'FormatType');
  return {
    owner: requiredText(format, task, 'FormatOwner'),
    format: requiredText(format, task, 'FormatName'),
    value: requiredText(e, task, 'Value'),
  };
}

function readDestination(e: XmlElement, formatName: string): TaskDestination {
  const address = child(e, task, 'DeliveryAddress')?.children[0];
  const format = dictionaryValue(e, task, formatName);
  return {
    ...(address && { kind: address.local.slice(0, 64), value: address.text.trim() }),
    ...(format !== undefined && { format }),
  };
}

function observedTimes(details: XmlElement): string[] {
  const times = ['ObservedTime', 'ObservedTimes'].flatMap((name) => childrenOf(details, task, name));
  return times.map((e) => timeIn(e.text.trim(), e.local));
}

function ownCategories(entries: readonly XmlElement[]): string[] {
  return entries
    .filter(
      (e) =>
        optionalText(e, common, 'Owner') === ownFormats.owner &&
        optionalText(e, common, 'Name') === ownFormats.category,
    )
    .map((e) => requiredText(e, common, 'Value'));
}

/** Value of a DictionaryEntry, whoever owns the dictionary: they are no closed sets. */
function dictionaryValue(parent: XmlElement, uri: string, local: string): string | undefined {
  const entry = child(parent, uri, local);
  return entry && requiredText(entry, common, 'Value');
}

function optionalTime(parent: XmlElement, uri: string, local: string): string | undefined {
  const text = optionalText(parent, uri, local);
  return text === undefined ? undefined : timeIn(text, local);
}

function timeIn(text: string, local: string): string {
  if (!isQualifiedDateTime(text)) {
    throw new HandoverReadError(`${local} is no time in whole seconds with a zone`);
  }
  return text;
}

/** Without what is not there. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
