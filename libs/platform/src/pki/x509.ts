import 'reflect-metadata';
import type * as Library from '@peculiar/x509';

export type X509 = typeof Library;

/** Writes certificates and reads revocation lists. Loaded where that is done: most programs never do, and start sooner. */
export function x509Library(): Promise<X509> {
  return import('@peculiar/x509');
}
