import type { AuditEntry } from '../audit/audit-chain.js';
import { type Operation, operation } from './operation.js';
import { json, problem } from './problem.js';
import { auditQuery, countsQuery } from './schemas.js';

const base = '/api/handover';

export const auditOperations: readonly Operation[] = [
  operation({
    ...{ method: 'GET', path: `${base}/cases/{id}/deliveries`, id: 'listDeliveries', tag: 'deliveries' },
    summary: 'What of a case is on its way, has arrived or has failed',
    answer: { status: 200, description: 'In the order of the queue' },
    problems: ['not-found', 'not-stored'],
    run: async ({ element }, { id }) =>
      (await element.vault.head(id))
        ? json(200, await element.outbox.ofCase(id))
        : problem('not-found', 'there is no such case'),
  }),
  operation({
    ...{ method: 'GET', path: `${base}/audit`, id: 'listAudit', tag: 'audit' },
    summary: 'What was done, by whom, and with what end',
    roles: ['auditor'],
    query: auditQuery,
    answer: { status: 200, description: 'Entries in their order' },
    problems: ['bad-request', 'not-stored'],
    run: async ({ element }, { by, query }) => {
      const limit = Math.min(query.limit ?? element.config.limits.auditPage, element.config.limits.auditPage);
      await element.audit.write({ what: 'read-audit', who: by.name });
      const entries: AuditEntry[] = [];
      for await (const entry of element.audit.entries({ case: query.case, after: query.after })) {
        entries.push(entry);
        if (entries.length >= limit) break;
      }
      return json(200, entries);
    },
  }),
  operation({
    ...{ method: 'GET', path: `${base}/audit/verify`, id: 'verifyAudit', tag: 'audit' },
    summary: 'Goes through all of it: whether anything was changed, put in or taken out',
    roles: ['auditor'],
    answer: {
      status: 200,
      description: 'Note `head` elsewhere: it shows later that the end was not cut off',
    },
    problems: ['not-stored'],
    run: async ({ element }) => {
      const { entries, head, broken } = await element.audit.check();
      return json(200, { ok: broken === undefined, entries, head, ...(broken && { brokenAt: broken }) });
    },
  }),
  operation({
    ...{ method: 'GET', path: `${base}/audit/counts`, id: 'countAudit', tag: 'audit' },
    summary: 'For oversight: how often what was done for whom. Numbers only',
    roles: ['auditor'],
    query: countsQuery,
    answer: { status: 200, description: 'By authority and by what was done' },
    problems: ['bad-request', 'not-stored'],
    run: async ({ element }, { query }) => {
      const from = query.from === undefined ? -Infinity : Date.parse(query.from);
      const until = query.until === undefined ? Infinity : Date.parse(query.until);
      if (Number.isNaN(from) || Number.isNaN(until))
        return problem('bad-request', 'from or until is no time');
      const counts: Record<string, Record<string, number>> = {};
      for await (const { at, authority, what, outcome = 'done' } of element.audit.entries()) {
        const time = Date.parse(at);
        if (authority === undefined || time < from || time >= until) continue;
        const of = (counts[authority] ??= {});
        const name = `${what} ${outcome}`;
        of[name] = (of[name] ?? 0) + 1;
      }
      return json(200, counts);
    },
  }),
];
