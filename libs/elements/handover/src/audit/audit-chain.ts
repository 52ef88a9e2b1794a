import { createHash } from 'node:crypto';

/** What was done, by whom and with what end: ids, counts and digests, nothing of what was disclosed. */
export interface AuditEvent {
  readonly what: string;
  /** The person, or the element itself. */
  readonly who: string;
  readonly case?: string;
  readonly authority?: string;
  readonly counts?: Readonly<Record<string, number>>;
  readonly digests?: Readonly<Record<string, string>>;
  readonly outcome?: string;
}

export interface AuditEntry extends AuditEvent {
  /** From 1, without a gap. */
  readonly number: number;
  /** RFC 3339 */
  readonly at: string;
  /** Hash of the entry before; zeros before the first. */
  readonly previous: string;
  readonly hash: string;
}

export const beforeTheFirst = '0'.repeat(64);

/** The next link of the chain. */
export function chained(event: AuditEvent, at: string, last: AuditEntry | undefined): AuditEntry {
  const entry = { ...event, number: (last?.number ?? 0) + 1, at, previous: last?.hash ?? beforeTheFirst };
  return { ...entry, hash: hashOf(entry) };
}

/** The first entry that does not follow from the one before, and why; undefined where the chain is whole. */
export function brokenAt(
  entry: AuditEntry,
  before: AuditEntry | undefined,
): { readonly number: number; readonly why: 'changed' | 'missing' } | undefined {
  const { hash, ...rest } = entry;
  if (entry.number !== (before?.number ?? 0) + 1)
    return { number: (before?.number ?? 0) + 1, why: 'missing' };
  if (entry.previous !== (before?.hash ?? beforeTheFirst) || hashOf(rest) !== hash) {
    return { number: entry.number, why: 'changed' };
  }
  return undefined;
}

function hashOf(entry: Omit<AuditEntry, 'hash'>): string {
  return createHash('sha256').update(canonical(entry)).digest('hex');
}

/** JSON with its keys in order: the same entry has the same hash, however it was made. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
