import type { Limits } from '@esinet/platform';
import { type BodyPart, parseNameAddr } from '@esinet/sip';
import {
  type DataBlock,
  blockType,
  identifyingPurposes,
  isReadableBlock,
  maxBlocks,
  providedData,
  purposeType,
  readBlock,
} from './additional-data.js';
import { type AlertError, alertErrors, readAlert } from './alert.js';
import { typeOf } from './chat-text.js';
import { type ValueLocation, partNamed } from './locations.js';
import { clipped } from './short-text.js';

/** Where a block of additional data can be fetched (RFC 7852 6.1). */
export interface DataReference {
  readonly type: string;
  readonly uri: string;
}

export interface MessageData {
  readonly data: readonly DataBlock[];
  readonly references: readonly DataReference[];
  readonly alert?: { readonly identity?: string; readonly error?: AlertError };
}

/**
 * The additional data of a message: what its parts hold, whether Call-Info names them or not, what its locations hold,
 * and where more can be fetched. An alert (RFC 8876) is one of these blocks.
 */
export function readData(
  callInfo: readonly string[],
  parts: readonly BodyPart[],
  locations: readonly ValueLocation[],
  problems: string[],
  limits?: Pick<Limits, 'xml'>,
): MessageData {
  const data: DataBlock[] = [];
  const references: DataReference[] = [];
  let alert: { identity?: string; error?: AlertError } | undefined;

  const read = (part: BodyPart, type: string): void => {
    const from = { source: 'value', part: parts.indexOf(part) } as const;
    if (data.length >= maxBlocks || data.some((known) => known.part === from.part)) return;
    if (type === 'cap') {
      const found = readAlert(part.body, from, limits?.xml);
      data.push(found.block);
      problems.push(...found.problems);
      // Of several alerts in one message the first that can be read counts.
      if (alert === undefined || alert.error) {
        alert = {
          ...(found.identity !== undefined && { identity: found.identity }),
          ...(found.error && { error: found.error }),
        };
      }
    } else if (isReadableBlock(type)) {
      const block = readBlock(type, part.body, from, limits?.xml);
      data.push(block);
      if (block.problem !== undefined) problems.push(`additional data: ${block.problem}`);
    } else data.push({ type, ...from, fields: [] });
  };

  let announced = false;
  for (const { type, uri } of announcements(callInfo)) {
    const scheme = uri.slice(0, uri.indexOf(':')).toLowerCase();
    if (type === 'cap') announced = true;
    if (scheme === 'cid') {
      const part = partNamed(parts, uri.slice(4));
      // RFC 7852 6: a block need not be of the type its purpose says. Its own type is nearer to the truth.
      if (part) read(part, blockType(typeOf(part)) ?? type);
      else problems.push('additional data: names no part of the body');
    } else if (scheme === 'https' || scheme === 'http') {
      if (references.length < maxBlocks && !references.some((known) => known.uri === uri))
        references.push({ type, uri });
    } else problems.push('additional data: a reference that cannot be fetched');
  }
  for (const part of parts) {
    const type = blockType(typeOf(part));
    if (type !== undefined) read(part, type);
  }
  for (const { pidfLo } of locations) {
    const provided = providedData(pidfLo?.providedBy ?? '', limits?.xml);
    data.push(...provided.blocks.slice(0, Math.max(0, maxBlocks - data.length)));
    for (const reference of provided.references) {
      if (references.length < maxBlocks && !references.some((known) => known.uri === reference.uri))
        references.push(reference);
    }
  }
  if (announced && alert === undefined) {
    alert = references.some(({ type }) => type === 'cap') ? {} : { error: alertErrors.notFound };
  }
  return { data, references, ...(alert && { alert }) };
}

/** URIs of Call-Info whose purpose is that of additional data. */
function announcements(callInfo: readonly string[]): { type: string; uri: string }[] {
  const found: { type: string; uri: string }[] = [];
  for (const value of callInfo) {
    const info = parseNameAddr(value);
    const purpose = info?.params.get('purpose');
    const type = purpose === undefined ? undefined : purposeType(purpose.trim());
    if (!info || type === undefined || identifyingPurposes.has(type.toLowerCase())) continue;
    const uri = clippedUri(info.uri);
    if (uri !== undefined) found.push({ type: clipped(type), uri });
  }
  return found;
}

/** Characters of a reference. */
const maxUri = 2_048;

function clippedUri(uri: string): string | undefined {
  return uri.length > maxUri ? undefined : Buffer.from(uri).toString();
}
