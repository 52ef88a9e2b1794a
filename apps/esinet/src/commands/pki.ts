import { join } from 'node:path';
import { messageOf } from '@esinet/kernel';
import { type LeafName, ensureLabPki, labNames, listPki } from '@esinet/platform/pki';
import { bold, dim, exit, print, printJson, red, tell, yellow } from '../terminal.js';

export interface PkiOptions {
  readonly data: string;
  readonly json?: boolean;
  /** More certificates, each `name` or `name=domain`: for a second PSAP, `psap-b`. */
  readonly name?: readonly string[];
}

/** `esinet pki init`: the lab's certificate authority and one certificate an element, where they are missing. */
export async function pkiInit(o: PkiOptions): Promise<number> {
  const folder = join(o.data, 'pki');
  try {
    const names = [...labNames, ...(o.name ?? []).map(leafOf)];
    const made = await ensureLabPki({ folder, names });
    if (o.json) printJson({ folder, made });
    else
      print(
        made.length
          ? `Made in ${folder}: ${made.join(', ')}`
          : `Nothing to do: all certificates in ${folder} are good.`,
      );
    return exit.ok;
  } catch (error) {
    tell(red(messageOf(error)));
    return exit.failed;
  }
}

/** `esinet pki ls`: name, last day, days left, names it stands for, fingerprint. */
export async function pkiList(o: PkiOptions): Promise<number> {
  const folder = join(o.data, 'pki');
  try {
    const certificates = await listPki(folder);
    if (o.json) {
      printJson(certificates);
      return exit.ok;
    }
    if (certificates.length === 0) {
      tell(`No certificates in ${folder}: esinet pki init makes them.`);
      return exit.failed;
    }
    for (const { name, daysLeft, notAfter, subjectAltName, fingerprint } of certificates) {
      print(`${bold(name.padEnd(10))} ${untilWhen(notAfter, daysLeft)}  ${subjectAltName}`);
      print(dim(`           ${fingerprint}`));
    }
    return exit.ok;
  } catch (error) {
    tell(red(messageOf(error)));
    return exit.failed;
  }
}

/** `2028-01-01, 398 days`: in yellow when it is to be renewed, in red when it is too late or almost. */
function untilWhen(notAfter: Date, daysLeft: number): string {
  const text = `${notAfter.toISOString().slice(0, 10)}, ${daysLeft < 0 ? 'expired' : `${daysLeft} days`}`;
  if (daysLeft < 1) return red(text);
  return daysLeft < 30 ? yellow(text) : text;
}

/** `psap-b`, which stands for `sip:psap-b.esinet.internal`, or `psap-b=psap.other.internal`. */
function leafOf(text: string): LeafName {
  const [name = '', domain] = text.split('=');
  return { name, domain: domain ?? `${name}.esinet.internal` };
}
