import { isoTime } from '@esinet/kernel';
import { onboardingProblems } from '../authorities.js';
import type { Authority } from '../model.js';
import { type Operation, operation } from './operation.js';
import { json, problem } from './problem.js';
import { authoritySchema, pauseSchema } from './schemas.js';

const base = '/api/handover/authorities';

/** Who may get records: told by an administrator who knows them, and never by a request. */
export const authorityOperations: readonly Operation[] = [
  operation({
    ...{ method: 'GET', path: base, id: 'listAuthorities', tag: 'authorities' },
    summary: 'Authorities that were onboarded, and why one is paused',
    answer: { status: 200, description: 'All of them' },
    problems: [],
    run: ({ element }) => json(200, element.authorities.all()),
  }),
  operation({
    ...{ method: 'PUT', path: `${base}/{id}`, id: 'putAuthority', tag: 'authorities' },
    summary: 'Onboards an authority, or changes what was agreed with it',
    roles: ['administrator'],
    body: authoritySchema,
    answer: { status: 200, description: 'The authority' },
    problems: ['not-granted', 'not-stored'],
    run: async ({ element }, { by, id, body }) => {
      const { audit, authorities } = element;
      const { objectsUrl, ...rest } = body;
      const authority = {
        ...{ id, ...rest, ...(objectsUrl !== undefined && { objectsUrl }) },
        ...{ onboardedBy: by.name, onboardedAt: isoTime(element.wall()) },
      } as Authority;
      const entry = { what: 'onboard', who: by.name, authority: id.slice(0, 63) };
      const found = onboardingProblems(authority);
      if (found.length === 0) {
        await audit.write({ ...entry, counts: { certificates: authority.certificates.length } });
        const onboarded = await authorities.onboard(authority);
        // Somebody may wait for it.
        if (onboarded.ok) {
          element.pump.poke();
          return json(200, authorities.get(id));
        }
        found.push(...onboarded.error);
      }
      await audit.write({ ...entry, outcome: 'refused' });
      return problem('not-granted', 'the authority cannot be onboarded as it is described', {
        problems: found.map(memberProblem),
      });
    },
  }),
  operation({
    ...{ method: 'POST', path: `${base}/{id}/pause`, id: 'pauseAuthority', tag: 'authorities' },
    summary: 'Nothing more leaves for it until somebody resumes it',
    roles: ['administrator'],
    body: pauseSchema,
    answer: { status: 200, description: 'The authority' },
    problems: ['not-found', 'not-granted', 'not-stored'],
    run: async ({ element }, { by, id, body }) => {
      if (!element.authorities.get(id)) return problem('not-found', 'there is no such authority');
      await element.audit.write({ what: 'pause', who: by.name, authority: id });
      await element.authorities.pause(id, body.reason);
      return json(200, element.authorities.get(id));
    },
  }),
  operation({
    ...{ method: 'POST', path: `${base}/{id}/resume`, id: 'resumeAuthority', tag: 'authorities' },
    summary: 'What waits for it leaves again',
    roles: ['administrator'],
    answer: { status: 200, description: 'The authority' },
    problems: ['not-found', 'not-stored'],
    run: async ({ element }, { by, id }) => {
      if (!element.authorities.get(id)) return problem('not-found', 'there is no such authority');
      await element.audit.write({ what: 'resume', who: by.name, authority: id });
      await element.authorities.pause(id, undefined);
      element.pump.poke();
      return json(200, element.authorities.get(id));
    },
  }),
];

function memberProblem(text: string): { member: string; problem: string } {
  const [, member = 'profile', words = text] = /^(\w+): (.*)$/s.exec(text) ?? [];
  return { member, problem: words };
}
