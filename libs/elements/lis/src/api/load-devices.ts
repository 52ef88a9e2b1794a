import type { Readable } from 'node:stream';
import type { Device } from '../device.js';
import type { ProvisionRefusal, Provisioning } from '../provisioning.js';
import { type DeviceFormat, DeviceReader, type ReadLine } from '../read-devices.js';
import type { ProblemCode, ProblemPlace } from './problem.js';
import { TooLongError, readAhead } from './read-ahead.js';

/** Places listed of what is wrong; further ones are counted. */
export const MAX_LISTED = 1_000;

export interface LoadOptions {
  readonly format: DeviceFormat;
  /** `all`: nothing where anything is wrong. `partial`: what can be used. */
  readonly mode: 'all' | 'partial';
  readonly dryRun: boolean;
  /** Octets of body. */
  readonly maxBytes: number;
}

/** What became of a load. */
export interface LoadReport {
  /** Whether anything was changed. */
  readonly applied: boolean;
  readonly dryRun: boolean;
  /** Devices read, good or not. */
  readonly total: number;
  readonly created: number;
  readonly updated: number;
  readonly refused: number;
  readonly errors: readonly ProblemPlace[];
}

export type LoadOutcome =
  | { readonly ok: true; readonly report: LoadReport }
  | {
      readonly ok: false;
      readonly code: ProblemCode;
      readonly message: string;
      readonly report?: LoadReport;
    };

/**
 * Reads devices from a body as it comes and provisions them at its end. What is read is held until then, so that nothing
 * is half done when the body breaks off; a body beyond its limit is refused.
 */
export async function loadDevices(
  body: Readable,
  provisioning: Provisioning,
  now: number,
  o: LoadOptions,
): Promise<LoadOutcome> {
  const collected = new Collected();
  const reader = new DeviceReader(o.format, now, 'api');
  try {
    for await (const piece of readAhead(body, o.maxBytes)) {
      collected.take(reader.push(piece));
      if (collected.devices.length > provisioning.limit)
        return { ok: false, code: 'too-many-devices', message: 'more devices than lis.maxDevices' };
    }
    collected.take(reader.end());
  } catch (error) {
    if (error instanceof TooLongError)
      return { ok: false, code: 'too-long', message: `${error.message} (lis.load.maxBytes)` };
    if (error instanceof TypeError) return { ok: false, code: 'bad-request', message: 'not UTF-8' };
    return { ok: false, code: 'bad-request', message: 'the body broke off' };
  }
  return apply(collected, provisioning, o);
}

/** What was read of a load. */
class Collected {
  readonly devices: Device[] = [];
  readonly lines: number[] = [];
  readonly errors: ProblemPlace[] = [];
  refused = 0;

  take(read: readonly ReadLine[]): void {
    for (const each of read) {
      if ('problem' in each) this.refuse(each.problem);
      else {
        this.devices.push(each.device);
        this.lines.push(each.line);
      }
    }
  }

  refuse(problem: ProblemPlace): void {
    this.refused += 1;
    if (this.errors.length < MAX_LISTED) this.errors.push(problem);
  }
}

async function apply(collected: Collected, provisioning: Provisioning, o: LoadOptions): Promise<LoadOutcome> {
  const { devices, lines, errors } = collected;
  const reportOf = (applied: boolean, created = 0, updated = 0): LoadReport => ({
    applied,
    dryRun: o.dryRun,
    total: devices.length + bad,
    created,
    updated,
    refused: collected.refused,
    errors,
  });
  const bad = collected.refused;
  const refuse = (index: number, { code, message }: ProvisionRefusal): void =>
    collected.refuse({ line: lines[index] ?? 0, code, path: '', message });

  if (o.dryRun || (o.mode === 'all' && bad > 0)) {
    const would = await provisioning.tryLoad(devices, refuse);
    if (o.dryRun && (o.mode === 'partial' || collected.refused === 0))
      return { ok: true, report: reportOf(false, would.created, would.updated) };
    return notAll(reportOf(false));
  }
  const done = await provisioning.load(devices, (index, refusal) => {
    refuse(index, refusal);
    return o.mode === 'partial';
  });
  if (done.ok) return { ok: true, report: reportOf(true, done.value.created, done.value.updated) };
  if (done.error.code === 'not-stored')
    return { ok: false, code: 'not-stored', message: done.error.message, report: reportOf(false) };
  return notAll(reportOf(false));
}

function notAll(report: LoadReport): LoadOutcome {
  const message = `${report.refused} of ${report.total} cannot be used: nothing was changed`;
  return { ok: false, code: 'load-refused', message, report };
}
