import { escapeAttribute } from '@esinet/xml';
import { LOST_NS, type Mapping } from './messages.js';
import {
  LOSTSYNC_NS,
  type MappingFingerprint,
  type SyncAnswer,
  type SyncErrors,
  type SyncRequest,
  isDeletion,
} from './sync-messages.js';
import { writeComplaint, writeMapping, writeMessage } from './write-answer.js';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';

/** Writes a request of RFC 6739. */
export function writeSyncRequest(r: SyncRequest): string {
  switch (r.type) {
    case 'getMappingsRequest': {
      if (r.exists.length === 0) return `${HEAD}<getMappingsRequest xmlns="${LOSTSYNC_NS}"/>`;
      const exists = r.exists.map((f) => `<mapping-fingerprint ${identity(f)}/>`).join('');
      return `${HEAD}<getMappingsRequest xmlns="${LOSTSYNC_NS}"><exists>${exists}</exists></getMappingsRequest>`;
    }
    case 'pushMappings':
      return `${HEAD}<pushMappings xmlns="${LOSTSYNC_NS}">${r.mappings.map(writeSyncMapping).join('')}</pushMappings>`;
  }
}

/** Writes an answer of RFC 6739. With nothing to tell it has no mapping, for which the schema has no form. */
export function writeSyncAnswer(a: SyncAnswer): string {
  switch (a.type) {
    case 'getMappingsResponse':
      return (
        `${HEAD}<getMappingsResponse xmlns="${LOSTSYNC_NS}">${a.mappings.map(writeSyncMapping).join('')}` +
        `</getMappingsResponse>`
      );
    case 'pushMappingsResponse':
      return `${HEAD}<pushMappingsResponse xmlns="${LOSTSYNC_NS}"/>`;
    case 'errors':
      return (
        `${HEAD}<errors xmlns="${LOST_NS}" source="${escapeAttribute(a.source)}">` +
        `${a.errors.map(writeComplaint).join('')}${writeNotDeleted(a.notDeleted)}</errors>`
      );
  }
}

/** RFC 6739 section 5.1: to delete, nothing but the attributes. */
function writeSyncMapping(m: Mapping): string {
  return isDeletion(m)
    ? `<mapping xmlns="${LOST_NS}" ${identity(m)} expires="${escapeAttribute(m.expires)}"/>`
    : writeMapping(m, LOST_NS);
}

function writeNotDeleted(notDeleted: SyncErrors['notDeleted']): string {
  if (!notDeleted || notDeleted.mappings.length === 0) return '';
  return (
    `<notDeleted xmlns="${LOSTSYNC_NS}"${writeMessage(notDeleted.message)}>` +
    `${notDeleted.mappings.map(writeSyncMapping).join('')}</notDeleted>`
  );
}

function identity(f: MappingFingerprint): string {
  return (
    `source="${escapeAttribute(f.source)}" sourceId="${escapeAttribute(f.sourceId)}"` +
    ` lastUpdated="${escapeAttribute(f.lastUpdated)}"`
  );
}
