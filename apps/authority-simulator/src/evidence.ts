import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isoTime, messageOf } from '@esinet/kernel';

/** A line of `log.jsonl`. */
export interface EvidenceLine {
  readonly at: string;
  readonly what: string;
  readonly [key: string]: unknown;
}

/**
 * What came, byte true, in `received/`: `documents/`, `refused/`, `objects/`, and a line for each event in `log.jsonl`.
 * Everything is on disk before it is answered.
 */
export class Evidence {
  #number: number;
  #lines: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly folder: string,
    number: number,
    private readonly wall: () => number,
  ) {
    this.#number = number;
  }

  /** @throws Error where the folder cannot be made */
  static async open(data: string, wall: () => number): Promise<Evidence> {
    const folder = join(data, 'received');
    for (const each of ['documents', 'refused', 'objects']) {
      await mkdir(join(folder, each), { recursive: true, mode: 0o700 });
    }
    const files = [
      ...(await readdir(join(folder, 'documents'))),
      ...(await readdir(join(folder, 'refused'))),
    ];
    const numbers = files.map((file) => Number(/^(\d{6})-/.exec(file)?.[1] ?? 0));
    return new Evidence(folder, Math.max(0, ...numbers), wall);
  }

  /** The file, from the folder of evidence on. */
  async document(bytes: Buffer, o: { readonly name: string; readonly taken: boolean }): Promise<string> {
    const number = String(++this.#number).padStart(6, '0');
    const file = join(o.taken ? 'documents' : 'refused', `${number}-${o.name}.xml`);
    await this.#write(file, bytes);
    return file;
  }

  async object(id: string, octets: Buffer, isGood: boolean): Promise<string> {
    const file = join('objects', isGood ? id : `${id}.bad`);
    await this.#write(file, octets);
    return file;
  }

  async readObject(id: string): Promise<Buffer | undefined> {
    return readFile(join(this.folder, 'objects', id)).catch(() => undefined);
  }

  /** One after the other, each on disk when it resolves. */
  line(what: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    const text = `${JSON.stringify({ at: isoTime(this.wall()), what, ...fields })}\n`;
    const write = async (): Promise<void> => {
      const handle = await open(join(this.folder, 'log.jsonl'), 'a', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
    };
    const line = this.#lines.then(write, write);
    this.#lines = line;
    return line;
  }

  /** Every line that can be read: the last one of a run that was killed may be cut. */
  async lines(): Promise<EvidenceLine[]> {
    const text = await readFile(join(this.folder, 'log.jsonl'), 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as EvidenceLine];
      } catch {
        return [];
      }
    });
  }

  async read(file: string): Promise<Buffer> {
    return readFile(join(this.folder, file));
  }

  async #write(file: string, octets: Buffer): Promise<void> {
    const path = join(this.folder, file);
    const aside = `${path}.${randomBytes(4).toString('hex')}`;
    try {
      const handle = await open(aside, 'wx', 0o600);
      try {
        await handle.writeFile(octets);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(aside, path);
    } catch (error) {
      throw new Error(`${path} cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }
}
