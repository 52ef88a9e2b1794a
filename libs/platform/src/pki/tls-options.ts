export type { TlsOptions } from '@esinet/sip';
