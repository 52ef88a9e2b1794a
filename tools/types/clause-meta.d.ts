import 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** The clause or clauses a test stands for: `RFC 3261 17.2.2`. `docs/conformance.md` is made from these. */
    clause?: string | readonly string[];
  }
}
