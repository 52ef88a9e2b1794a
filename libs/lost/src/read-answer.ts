import { type Result, err, ok } from '@esinet/kernel';
import { type XmlElement, type XmlLimits, attribute, child, childrenOf, readXml } from '@esinet/xml';
import { LOST_ERROR_CODES, LostError, type LostErrorCode } from './lost-error.js';
import {
  LOST_NS,
  LOST_SLB_NS,
  type FindServiceResponse,
  type ListServicesByLocationResponse,
  type LocationValidation,
  type LostAnswer,
  type LostErrors,
  type LostProblem,
  type LostWarning,
  type LostWarningCode,
} from './messages.js';
import { XML_LANG, readBoundary, readListBoundary, readMapping } from './read-mapping.js';

const ERROR_CODES: ReadonlySet<string> = new Set(LOST_ERROR_CODES);
const WARNING_CODES: ReadonlySet<string> = new Set([
  ...LOST_ERROR_CODES,
  'serviceSubstitution',
  'defaultMappingReturned',
  'locationValidationUnavailable',
]);

/**
 * Reads any answer of RFC 5222. Liberal where an emergency call gains by it: a mapping without an attribute that
 * only a cache needs is still a mapping (`expires` is then `NO-CACHE`), and a boundary that cannot be read is left
 * out. Not LoST at all, or an answer without its main part, is `serverError` (section 13.1).
 */
export function readLostAnswer(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<LostAnswer, LostError> {
  const document = readXml(bytes, limits);
  if (!document.ok) return unreadable(`XML: ${document.error.code}`);
  const root = document.value;
  if (root.uri === LOST_SLB_NS && root.local === 'getServiceListBoundaryResponse') {
    const boundary = readListBoundary(root);
    return boundary
      ? ok({ type: 'getServiceListBoundaryResponse', boundary, path: readPath(root) })
      : unreadable('no readable service list boundary');
  }
  if (root.uri !== LOST_NS) return unreadable('document element is not in the LoST namespace');
  switch (root.local) {
    case 'findServiceResponse':
      return readFindServiceResponse(root);
    case 'getServiceBoundaryResponse': {
      const boundary = readBoundary(root);
      if (!boundary.serviceBoundary && !boundary.civicBoundary)
        return unreadable('no readable service boundary');
      const { serviceBoundary = [], ...civic } = boundary;
      return ok({
        type: 'getServiceBoundaryResponse',
        serviceBoundary,
        ...civic,
        warnings: readWarnings(root),
        path: readPath(root),
      });
    }
    case 'listServicesResponse':
    case 'listServicesByLocationResponse':
      return readServiceList(root, root.local);
    case 'errors':
      return ok(readErrorsAnswer(root));
    case 'redirect': {
      const target = attribute(root, 'target')?.trim();
      if (!target) return unreadable('redirect without a target');
      return ok({
        type: 'redirect',
        target,
        source: attribute(root, 'source')?.trim() ?? '',
        message: attribute(root, 'message') ?? '',
        ...langOf(root),
      });
    }
    default:
      return unreadable('document element is not a LoST answer');
  }
}

function readFindServiceResponse(root: XmlElement): Result<FindServiceResponse, LostError> {
  const mappings = childrenOf(root, LOST_NS, 'mapping').map(readMapping);
  if (mappings.length === 0) return unreadable('no mapping');
  const validation = child(root, LOST_NS, 'locationValidation');
  return ok({
    type: 'findServiceResponse',
    mappings,
    warnings: readWarnings(root),
    path: readPath(root),
    ...locationUsedOf(root),
    ...(validation ? { locationValidation: readValidation(validation) } : {}),
  });
}

function readServiceList(
  root: XmlElement,
  type: 'listServicesResponse' | 'listServicesByLocationResponse',
): Result<LostAnswer, LostError> {
  const list = child(root, LOST_NS, 'serviceList');
  if (!list) return unreadable('no serviceList');
  const answer = { services: tokens(list.text), warnings: readWarnings(root), path: readPath(root) };
  return type === 'listServicesResponse'
    ? ok({ type, ...answer })
    : ok({ type, ...answer, ...locationUsedOf(root), ...listBoundaryOf(root) });
}

/** RFC 6197 section 3.1. */
function listBoundaryOf(
  root: XmlElement,
): Pick<ListServicesByLocationResponse, 'serviceListBoundary' | 'serviceListBoundaryReference'> {
  const serviceListBoundary = readListBoundary(root);
  if (serviceListBoundary) return { serviceListBoundary };
  const reference = child(root, LOST_SLB_NS, 'serviceListBoundaryReference');
  const key = reference && attribute(reference, 'serviceListKey')?.trim();
  return key
    ? { serviceListBoundaryReference: { source: attribute(reference, 'source')?.trim() ?? '', key } }
    : {};
}

function readWarnings(root: XmlElement): LostWarning[] {
  const warnings: LostWarning[] = [];
  for (const container of childrenOf(root, LOST_NS, 'warnings')) {
    const source = attribute(container, 'source')?.trim() ?? '';
    for (const e of container.children) {
      if (e.uri !== LOST_NS || !WARNING_CODES.has(e.local)) continue;
      warnings.push({ code: e.local as LostWarningCode, ...readProblem(e), source });
    }
  }
  return warnings;
}

/** An `<errors>` element, which LoST-Sync has too (RFC 6739 section 5.2). */
export function readErrorsAnswer(root: XmlElement): LostErrors {
  return { type: 'errors', source: attribute(root, 'source')?.trim() ?? '', errors: readErrors(root) };
}

/** Never empty: an `<errors>` with nothing known in it is still no answer. */
function readErrors(root: XmlElement): LostProblem[] {
  const errors: LostProblem[] = [];
  for (const e of root.children) {
    if (e.uri === LOST_NS && ERROR_CODES.has(e.local)) {
      errors.push({ code: e.local as LostErrorCode, ...readProblem(e) });
    }
  }
  return errors.length > 0 ? errors : [{ code: 'internalError', message: 'error of an unknown kind' }];
}

function readProblem(e: XmlElement): { message: string; lang?: string; unsupportedProfiles?: string[] } {
  const profiles = attribute(e, 'unsupportedProfiles');
  return {
    message: attribute(e, 'message') ?? '',
    ...langOf(e),
    ...(profiles === undefined ? {} : { unsupportedProfiles: tokens(profiles) }),
  };
}

function readValidation(e: XmlElement): LocationValidation {
  const names = (local: string): string[] =>
    tokens(child(e, LOST_NS, local)?.text ?? '').map((name) => name.slice(name.indexOf(':') + 1));
  return { valid: names('valid'), invalid: names('invalid'), unchecked: names('unchecked') };
}

function readPath(root: XmlElement): string[] {
  const path = child(root, LOST_NS, 'path');
  if (!path) return [];
  return childrenOf(path, LOST_NS, 'via').map((via) => attribute(via, 'source')?.trim() ?? '');
}

function locationUsedOf(root: XmlElement): { locationUsed?: string } {
  const used = child(root, LOST_NS, 'locationUsed');
  const id = used && attribute(used, 'id')?.trim();
  return id ? { locationUsed: id } : {};
}

function langOf(e: XmlElement): { lang?: string } {
  const lang = e.attributes.get(XML_LANG);
  return lang === undefined ? {} : { lang };
}

function tokens(text: string): string[] {
  return text.split(/\s+/).filter((token) => token !== '');
}

function unreadable(message: string): { readonly ok: false; readonly error: LostError } {
  return err(new LostError('serverError', message));
}
