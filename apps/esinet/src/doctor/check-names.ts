/** What `esinet doctor` looks at, in this order. */
export const checkNames = ['dns', 'tls', 'clock', 'addresses', 'size', 'lost', 'coverage', 'stores'] as const;
export type CheckName = (typeof checkNames)[number];
