import { X509Certificate, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf } from '@esinet/kernel';
import { exit, green, print, red, tell, yellow } from '../terminal.js';
import { type DeskOptions, answered } from './handover-access.js';
import type { DeskAuthority } from './handover-answers.js';
import { authorityText } from './handover-text.js';

export function authorities(o: DeskOptions): Promise<number> {
  return answered<readonly DeskAuthority[]>(
    o,
    'admin',
    (desk) => desk.get('/authorities'),
    (all) => {
      if (all.length === 0) print('Nobody was onboarded. esinet handover onboard FILE does it.');
      for (const each of all) print(authorityText(each).join('\n'));
    },
  );
}

/** `esinet handover onboard`: an authority as people know it, from a file; certificates may be given as PEM. */
export async function onboard(
  file: string,
  o: DeskOptions & { readonly certificate?: readonly string[] },
): Promise<number> {
  let read: { readonly id?: unknown; readonly certificates?: readonly string[] };
  try {
    read = JSON.parse(await readFile(file, 'utf8')) as typeof read;
  } catch (error) {
    tell(red(`${file} cannot be used: ${messageOf(error)}`));
    return exit.usage;
  }
  const { id, ...authority } = read;
  if (typeof id !== 'string') {
    tell(red(`${file} says no "id". docs/handover.md shows what belongs into it.`));
    return exit.usage;
  }
  const certificates = [...(authority.certificates ?? [])];
  for (const pem of o.certificate ?? []) {
    try {
      const certificate = new X509Certificate(await readFile(pem));
      certificates.push(createHash('sha256').update(certificate.raw).digest('hex'));
    } catch (error) {
      tell(red(`${pem} is no certificate: ${messageOf(error)}`));
      return exit.usage;
    }
  }
  return answered<DeskAuthority>(
    o,
    'admin',
    (desk) => desk.put(`/authorities/${encodeURIComponent(id)}`, { ...authority, certificates }),
    () => print(`${green('onboarded')}  ${id}`),
  );
}

export function pause(id: string, o: DeskOptions & { readonly reason: string }): Promise<number> {
  return answered<unknown>(
    o,
    'admin',
    (desk) => desk.post(`/authorities/${encodeURIComponent(id)}/pause`, { reason: o.reason }),
    () => print(`${yellow('paused')}  nothing more leaves for ${id}`),
  );
}

export function unpause(id: string, o: DeskOptions): Promise<number> {
  return answered<unknown>(
    o,
    'admin',
    (desk) => desk.post(`/authorities/${encodeURIComponent(id)}/resume`),
    () => print(`${green('goes on')}  ${id}`),
  );
}
