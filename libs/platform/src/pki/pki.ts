// An entry of its own (@esinet/platform/pki): a program of the command line reads certificates and starts no element.
export {
  type CertificateSummary,
  type LeafName,
  ensureLabPki,
  fingerprintsOf,
  labNames,
  listPki,
  loadTls,
} from './lab-pki.js';
export { PkiError } from './pki-error.js';
export { type TlsFiles, readTlsMaterial } from './tls-material.js';
export type { TlsOptions } from './tls-options.js';
