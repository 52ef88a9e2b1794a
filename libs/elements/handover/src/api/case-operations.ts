import type { Result } from '@esinet/kernel';
import type { FastResponse } from '@esinet/platform';
import type { DeskRefusal } from '../handover-desk.js';
import { currentSeals } from '../delivery/may-leave.js';
import type { IntakeRequest } from '../intake.js';
import type { HandoverCase, Person } from '../model.js';
import { refusedByDesk } from './desk-refusal.js';
import { type DeskApi, type Operation, operation } from './operation.js';
import { json, problem } from './problem.js';
import { approvalSchema, intakeSchema, reviewSchema } from './schemas.js';
import { shownCase } from './shown-case.js';
import { shownSnapshot } from './shown-snapshot.js';

const base = '/api/handover/cases';
const refusals = ['not-found', 'refused', 'not-stored'] as const;

/** What people do with cases, in the order in which they do it. */
export const caseOperations: readonly Operation[] = [
  operation({
    ...{ method: 'POST', path: base, id: 'requestCase', tag: 'cases' },
    summary: 'Takes in a request of an authority',
    roles: ['handover-clerk'],
    body: intakeSchema,
    answer: { status: 201, description: 'The case; with the salt of its digest, which is not shown again' },
    problems: ['not-granted', 'not-stored'],
    run: async (api, { by, body }) =>
      created(api, await api.element.desk.takeIn(body as IntakeRequest, by), by),
  }),
  operation({
    ...{ method: 'POST', path: `${base}/ld-task`, id: 'requestCaseByTask', tag: 'cases' },
    summary: 'Takes in a request that came as an LDTask of TS 103 120',
    roles: ['handover-clerk'],
    body: 'xml',
    answer: { status: 201, description: 'The case' },
    problems: ['not-granted', 'not-stored'],
    run: async (api, { by, request }) => created(api, await api.element.taskIntake(request.body, by), by),
  }),
  operation({
    ...{ method: 'GET', path: base, id: 'listCases', tag: 'cases' },
    summary: 'All cases, by what is not sensitive of them',
    answer: { status: 200, description: 'Closed ones too' },
    problems: ['not-stored'],
    run: async ({ element }) => json(200, await element.vault.heads()),
  }),
  operation({
    ...{ method: 'GET', path: `${base}/{id}`, id: 'getCase', tag: 'cases' },
    summary: 'A case: the order, what was sealed and approved, how the delivery goes',
    answer: { status: 200, description: 'The case; of a closed one what is left' },
    problems: ['not-found', 'not-stored'],
    run: async (api, { by, id }) => {
      const { desk, vault, audit } = api.element;
      const c = await desk.get(id);
      if (c) {
        await audit.write({ what: 'read-case', who: by.name, case: id });
        return shown(api, c, by);
      }
      const head = await vault.head(id);
      return head ? json(200, head) : problem('not-found', 'there is no such case');
    },
  }),
  operation({
    ...{ method: 'POST', path: `${base}/{id}/freeze`, id: 'freezeCase', tag: 'cases' },
    summary: 'Freezes the records that the order names; what was approved before is void',
    roles: ['handover-clerk'],
    answer: { status: 200, description: 'How many messages, and how many records could not be read' },
    problems: refusals,
    run: async ({ element }, { by, id }) => {
      const frozen = await element.desk.freeze(id, by);
      return frozen.ok ? json(200, frozen.value) : refusedByDesk(frozen.error);
    },
  }),
  operation({
    ...{ method: 'GET', path: `${base}/{id}/snapshot`, id: 'getSnapshot', tag: 'cases' },
    summary: 'What was frozen, as a reviewer looks at it: withheld parts are marked',
    roles: ['handover-reviewer', 'approver'],
    answer: { status: 200, description: 'Messages; `index` is what a decision is about' },
    problems: refusals,
    run: async ({ element }, { by, id }) => {
      const snapshot = await element.desk.snapshot(id, by);
      if (!snapshot.ok) return refusedByDesk(snapshot.error);
      const c = await element.desk.get(id);
      return json(200, c ? shownSnapshot(snapshot.value, c.authorisation) : []);
    },
  }),
  operation({
    ...{ method: 'POST', path: `${base}/{id}/review`, id: 'reviewCase', tag: 'cases' },
    summary: 'Decides what is withheld; the documents are built, validated and sealed',
    roles: ['handover-reviewer'],
    body: reviewSchema,
    answer: { status: 200, description: 'The case with its seals' },
    problems: [...refusals, 'not-granted'],
    run: async (api, { by, id, body }) =>
      shownOr(api, await api.element.desk.review(id, body.decisions, by), by),
  }),
  operation({
    ...{ method: 'GET', path: `${base}/{id}/documents/{seal}`, id: 'getDocument', tag: 'cases' },
    summary: 'The sealed bytes',
    roles: ['handover-reviewer', 'approver'],
    answer: { status: 200, description: 'The HI1 message', type: 'text/xml' },
    problems: ['not-found', 'not-stored'],
    run: async ({ element }, { by, id, other }) => {
      const c = await element.desk.get(id);
      const seal = c && [...c.seals, ...currentSeals(c)].find((each) => each.id === other);
      if (!c || !seal) return problem('not-found', 'there is no such document');
      const digests = { document: seal.digest };
      await element.audit.write({ what: 'read-document', who: by.name, case: id, digests });
      const body = await element.desk.files.document(id, seal.id);
      if (!body) return problem('not-found', 'there is no such document');
      const headers = { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-store' };
      return { status: 200, headers, body };
    },
  }),
  operation({
    ...{ method: 'POST', path: `${base}/{id}/approve`, id: 'approveCase', tag: 'cases' },
    summary: 'Approves exactly the bytes of that digest; the second of two people sends them',
    roles: ['approver'],
    body: approvalSchema,
    answer: { status: 200, description: 'The case' },
    problems: [...refusals, 'not-granted'],
    run: async (api, { by, id, body }) =>
      shownOr(api, await api.element.desk.approve(id, body.digest, by), by),
  }),
  operation({
    ...{ method: 'POST', path: `${base}/{id}/send`, id: 'sendCase', tag: 'cases' },
    summary: 'Sends what was approved; once more what had failed for good',
    roles: ['approver', 'handover-clerk'],
    answer: { status: 200, description: 'The case' },
    problems: refusals,
    run: async (api, { by, id }) => {
      await api.element.audit.write({ what: 'ask-send', who: by.name, case: id });
      return shownOr(api, await api.element.desk.send(id, { again: true }), by);
    },
  }),
  step('suspend', 'Stops all of it at once', ['approver'], (api, id, by) => api.element.desk.suspend(id, by)),
  step('resume', 'Goes on; what had been sealed has to be approved again', ['approver'], (api, id, by) =>
    api.element.desk.resume(id, by),
  ),
  step('reject', 'Nothing is handed over', ['approver'], (api, id, by) => api.element.desk.reject(id, by)),
  step(
    'close',
    'The end: selectors, salt, snapshot and documents cannot be read any more',
    ['handover-clerk'],
    (api, id, by) => api.element.desk.close(id, by),
  ),
];

function step(
  what: string,
  summary: string,
  roles: Operation['roles'],
  run: (api: DeskApi, id: string, by: Person) => Promise<Result<HandoverCase, DeskRefusal>>,
): Operation {
  return operation({
    ...{ method: 'POST', path: `${base}/{id}/${what}`, id: `${what}Case`, tag: 'cases', summary },
    ...(roles && { roles }),
    answer: { status: 200, description: 'The case' },
    problems: refusals,
    run: async (api, { by, id }) => {
      const done = await run(api, id, by);
      // Whoever waited behind it may leave.
      api.element.pump.poke();
      return shownOr(api, done, by);
    },
  });
}

async function created(
  api: DeskApi,
  taken: Result<HandoverCase, DeskRefusal>,
  by: Person,
): Promise<FastResponse> {
  if (!taken.ok) return refusedByDesk(taken.error);
  const c = taken.value;
  // TS 103 707 D.4: a salt of our own goes to the authority with the digest, as a receipt.
  return json(201, { ...shownCase(c, [], by), ...(c.hash && { hash: c.hash }) });
}

async function shownOr(
  api: DeskApi,
  done: Result<HandoverCase, DeskRefusal>,
  by: Person,
): Promise<FastResponse> {
  return done.ok ? shown(api, done.value, by) : refusedByDesk(done.error);
}

async function shown({ element }: DeskApi, c: HandoverCase, by: Person): Promise<FastResponse> {
  return json(200, shownCase(c, await element.outbox.ofCase(c.id), by));
}
