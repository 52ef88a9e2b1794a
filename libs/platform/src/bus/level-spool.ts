import { mkdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import type { OutboxEvent, OutboxSpool } from './outbox.js';

/** Digits of a number as a key, so that keys stand in order. */
const keyDigits = 16;

/** Events that wait, in a LevelDB of this process alone. Not synced: they are told, not promised. */
export async function openLevelSpool(folder: string): Promise<OutboxSpool> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const database = new ClassicLevel<string, string>(folder, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
  await database.open();
  const keyOf = (number: number): string => String(number).padStart(keyDigits, '0');
  return {
    async load() {
      const found: (readonly [number, OutboxEvent])[] = [];
      for await (const [key, value] of database.iterator()) {
        const event = read(value);
        if (event) found.push([Number(key), event]);
      }
      return found;
    },
    async write(added, gone) {
      await database.batch([
        ...added.map(([number, event]) => ({
          type: 'put' as const,
          key: keyOf(number),
          value: JSON.stringify([event.id, event.subject, event.lane, event.text]),
        })),
        ...gone.map((number) => ({ type: 'del' as const, key: keyOf(number) })),
      ]);
    },
    close: () => database.close(),
  };
}

function read(value: string): OutboxEvent | undefined {
  try {
    const [id, subject, lane, text] = JSON.parse(value) as string[];
    return id !== undefined && subject !== undefined && lane !== undefined && text !== undefined
      ? { id, subject, lane, text }
      : undefined;
  } catch {
    return undefined;
  }
}
