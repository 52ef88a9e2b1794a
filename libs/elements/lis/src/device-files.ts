import { createReadStream, unwatchFile, watchFile } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Logger, type Result, err, messageOf, ok } from '@esinet/kernel';
import type { Device } from './device.js';
import { deviceOf, deviceSchema } from './device-schema.js';
import type { Provisioning } from './provisioning.js';
import { DeviceReader, type ReadLine, SeenIdentities } from './read-devices.js';

/** Octets of a file of devices. */
const MAX_FILE_BYTES = 268_435_456;
/** Octets read before others have their turn. */
const SLICE = 8_192;
/** How often a file is looked at: by its time and size, which works over network file systems and config maps too. */
const LOOK_MS = 2_000;
/** Problems told of one file. */
const MAX_TOLD = 10;

/**
 * Devices from files. A file that changes is read again aside and takes the place of what it said before; one that is
 * broken changes nothing, and the log says where it is. What came over the API in the meantime stays.
 */
export class DeviceFiles {
  #closed = false;
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly files: readonly string[],
    private readonly o: {
      readonly provisioning: Provisioning;
      readonly now: () => number;
      readonly logger: Logger;
      readonly lookMs?: number;
    },
  ) {}

  /** Reads all and goes on looking at them. */
  async open(): Promise<void> {
    for (const file of this.files) await this.#load(file);
    for (const file of this.files) {
      watchFile(file, { interval: this.o.lookMs ?? LOOK_MS, persistent: false }, (now, before) => {
        if (now.mtimeMs === before.mtimeMs && now.size === before.size && now.ino === before.ino) return;
        void this.reload(file);
      });
    }
  }

  /** Reads one again, after what is being read already. */
  reload(file: string): Promise<void> {
    this.#work = this.#work.then(() => (this.#closed ? undefined : this.#load(file)));
    return this.#work;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const file of this.files) unwatchFile(file);
    await this.#work;
  }

  async #load(file: string): Promise<void> {
    const { logger, provisioning } = this.o;
    const name = basename(file);
    const source = `file:${file}`;
    try {
      const read = await readDeviceFile(file, this.o.now(), source);
      if (!read.ok) {
        for (const { line, path, message } of read.error)
          logger.error('file of devices not used', { file: name, line, path, reason: message });
        return;
      }
      const done = await provisioning.replace(source, read.value);
      if (done.ok) logger.info('devices loaded', { file: name, devices: read.value.length });
      else logger.error('file of devices not used', { file: name, reason: done.error.message });
    } catch (error) {
      logger.error('file of devices not used', { file: name, reason: messageOf(error) });
    }
  }
}

interface FileProblem {
  readonly line?: number | undefined;
  readonly path: string;
  readonly message: string;
}

/** All devices of a file, or what is wrong with it. @throws where it cannot be read */
export async function readDeviceFile(
  file: string,
  now: number,
  source: string,
): Promise<Result<Device[], FileProblem[]>> {
  const { size } = await stat(file);
  if (size > MAX_FILE_BYTES) return err([{ path: '', message: `more than ${MAX_FILE_BYTES} octets` }]);
  if (file.endsWith('.json')) return readJson(await readFile(file, 'utf8'), now, source);
  const reader = new DeviceReader(file.endsWith('.csv') ? 'csv' : 'ndjson', now, source);
  const devices: Device[] = [];
  const problems: FileProblem[] = [];
  const take = (lines: readonly ReadLine[]): void => {
    for (const each of lines) {
      if ('device' in each) devices.push(each.device);
      else if (problems.length < MAX_TOLD) problems.push(each.problem);
    }
  };
  for await (const piece of createReadStream(file, { highWaterMark: SLICE })) {
    take(reader.push(piece as Buffer));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  take(reader.end());
  return problems.length > 0 ? err(problems) : ok(devices);
}

function readJson(text: string, now: number, source: string): Result<Device[], FileProblem[]> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err([{ path: '', message: 'not JSON' }]);
  }
  if (!Array.isArray(value)) return err([{ path: '', message: 'expected an array of devices' }]);
  const devices: Device[] = [];
  const seen = new SeenIdentities();
  for (const [i, each] of value.entries()) {
    const read = deviceSchema.safeParse(each);
    if (!read.success) {
      const [issue] = read.error.issues;
      const path = [i, ...(issue?.path ?? [])].join('.');
      return err([{ path, message: issue?.message ?? 'not as described' }]);
    }
    const { id, ...provision } = read.data;
    const device = deviceOf(id ?? provision.identifiers[0] ?? '', provision, now, source);
    const twice = seen.add(i, device);
    if (twice) return err([{ path: `${i}.${twice.path}`, message: `as in device ${twice.line}` }]);
    devices.push(device);
  }
  return ok(devices);
}
