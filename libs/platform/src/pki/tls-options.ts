/** PEM texts: the own key, the own certificate with its chain, and the CA that others must be signed by. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}
