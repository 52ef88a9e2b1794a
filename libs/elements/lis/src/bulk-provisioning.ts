import { type Result, err, ok } from '@esinet/kernel';
import type { Device, Devices } from './device.js';
import { type ProvisionRefusal, refusalOf } from './provision-refusal.js';

/** Devices put between two looks at what else there is to do. */
const SLICE = 200;
/** Slices that wait for the disk at once: they share its syncs. */
const GROUPS = 10;

export interface LoadedDevices {
  readonly created: number;
  readonly updated: number;
}

/** What loading many devices needs; whoever calls sees to it that nobody else changes any meanwhile. */
export interface BulkOptions {
  readonly devices: Devices;
  /** Why a device cannot be put. */
  readonly problem: (device: Device) => ProvisionRefusal | undefined;
  /** Puts it on disk. Undefined: in memory alone. */
  readonly keep?: (device: Device) => Promise<void>;
  /** Makes the location URIs of a device void. */
  readonly revoke: (id: string) => Promise<unknown>;
  readonly notStored: (error: unknown) => ProvisionRefusal;
  /** Wall milliseconds. */
  readonly now: () => number;
}

/** What `putAll` would do with each by itself. */
export async function tryAll(
  o: BulkOptions,
  devices: readonly Device[],
  refused: (index: number, refusal: ProvisionRefusal) => void,
): Promise<LoadedDevices> {
  let created = 0;
  let updated = 0;
  for (const [index, device] of devices.entries()) {
    await breath(index);
    const known = o.devices.get(device.id) !== undefined;
    const room = known || o.devices.size + created < o.devices.limit;
    const refusal = o.problem(device) ?? (room ? undefined : refusalOf('too-many'));
    if (refusal) refused(index, refusal);
    else if (known) updated += 1;
    else created += 1;
  }
  return { created, updated };
}

/** Puts all, one after the other. Where `accept` says no to one that cannot be put, what was put is taken back. */
export async function putAll(
  o: BulkOptions,
  devices: readonly Device[],
  accept: (index: number, refusal: ProvisionRefusal) => boolean,
): Promise<Result<LoadedDevices, ProvisionRefusal>> {
  const before: (readonly [string, Device | undefined])[] = [];
  const put: Device[] = [];
  let created = 0;
  const undo = (): void => {
    for (const [id, device] of before.reverse()) {
      if (device) o.devices.put(device);
      else o.devices.delete(id);
    }
  };
  const now = o.now();
  for (const [index, device] of devices.entries()) {
    await breath(index);
    const refusal = o.problem(device);
    if (refusal) {
      if (accept(index, refusal)) continue;
      undo();
      return err(refusal);
    }
    const known = o.devices.get(device.id);
    if (!known) created += 1;
    before.push([device.id, known]);
    o.devices.put(device, now);
    put.push(device);
  }
  const { keep } = o;
  if (!keep) return ok({ created, updated: put.length - created });
  const failure = await keepAll(put, keep);
  if (failure) {
    undo();
    return err(o.notStored(failure.error));
  }
  return ok({ created, updated: put.length - created });
}

/** All on disk, or why not. */
async function keepAll(
  devices: readonly Device[],
  keep: (device: Device) => Promise<void>,
): Promise<{ readonly error: unknown } | undefined> {
  let failure: { readonly error: unknown } | undefined;
  const groups: Promise<void>[] = [];
  for (let i = 0; i < devices.length && !failure; i += SLICE) {
    const group = Promise.all(devices.slice(i, i + SLICE).map(keep));
    groups.push(
      group.then(
        () => undefined,
        (error: unknown) => void (failure ??= { error }),
      ),
    );
    await breath(SLICE - 1);
    if (groups.length >= GROUPS) await groups.shift();
  }
  await Promise.all(groups);
  return failure;
}

/** Puts what a source says in the place of what it said before. Devices of other sources stay as they are. */
export async function replaceSource(
  o: BulkOptions,
  source: string,
  devices: readonly Device[],
): Promise<Result<LoadedDevices, ProvisionRefusal>> {
  const { devices: known } = o;
  const ids = new Set(devices.map(({ id }) => id));
  const before = new Map(
    known.ofSource(source).map((id) => [id, { device: known.get(id), since: known.since(id) }]),
  );
  const gone = [...before.keys()].filter((id) => !ids.has(id));
  const since = before.size === 0 ? 0 : o.now();
  const ours = devices.filter(({ id }) => {
    const present = known.get(id);
    return !present || present.source === source;
  });
  const [moved, others] = parted(ours, (device) => hasSameIdentifiers(device, before.get(device.id)?.device));
  const undo = (): void => {
    for (const { id } of ours) known.delete(id);
    for (const { device, since } of before.values()) if (device) known.put(device, since);
  };
  for (const [index, device] of moved.entries()) {
    await breath(index);
    const refusal = o.problem(device);
    if (refusal) {
      undo();
      return err(refusal);
    }
    known.put(device);
  }
  // In one go: an identifier may have gone from one of these to another.
  for (const id of gone) known.delete(id);
  const sinces = new Map(others.map(({ id }) => [id, known.since(id) ?? since]));
  for (const { id } of others) known.delete(id);
  for (const device of others) {
    const refusal = o.problem(device);
    if (refusal) {
      undo();
      return err(refusal);
    }
    known.put(device, sinces.get(device.id));
  }
  for (const id of gone) await o.revoke(id);
  const updated = ours.filter(({ id }) => before.has(id)).length;
  return ok({ created: ours.length - updated, updated });
}

/** Lets others have their turn. */
async function breath(index: number): Promise<void> {
  if (index % SLICE === SLICE - 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

function parted<T>(all: readonly T[], is: (each: T) => boolean): [T[], T[]] {
  const parts: [T[], T[]] = [[], []];
  for (const each of all) parts[is(each) ? 0 : 1].push(each);
  return parts;
}

function hasSameIdentifiers(device: Device, before: Device | undefined): boolean {
  return before?.identifiers.length === device.identifiers.length
    ? device.identifiers.every((key) => before.identifiers.includes(key))
    : false;
}
