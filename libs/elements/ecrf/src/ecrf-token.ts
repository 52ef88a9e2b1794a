export const ECRF = Symbol('esinet.ecrf');
