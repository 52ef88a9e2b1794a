import { randomUUID } from 'node:crypto';
import {
  type ActionOutcome,
  type MessageHeader,
  type RequestAction,
  type RequestMessage,
  type ResponseMessage,
  type SchemaValidator,
  type TaskObject,
  errorCodes,
  qualifiedMicroseconds,
  readRequest,
  unspecified,
  writeResponseMessage,
} from '@esinet/handover';
import { type Clock, type Logger, type Result, err, messageOf, ok } from '@esinet/kernel';
import type { DeskRefusal, HandoverDesk } from './handover-desk.js';
import type { Hi1Answers } from './hi1-answers.js';
import type { Authority, HandoverCase, Person } from './model.js';
import { type TaskProblem, intakeError, isSame, taskRequest } from './task-request.js';

export interface Hi1IntakePorts {
  readonly desk: Pick<HandoverDesk, 'takeIn'>;
  readonly answers: Hi1Answers;
  readonly validator: SchemaValidator;
  /** Largest message, in octets. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** TS 103 120 9.3.3: whatever the application says is 200. */
export interface Hi1Answer {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * Takes in what an authority asks for by HI1 (TS 103 120): each task becomes a case, which people still have to verify and
 * to approve. Never rejects. What was asked before in the same transaction is answered as before.
 */
export function hi1Intake(ports: Hi1IntakePorts): (xml: Buffer, authority: Authority) => Promise<Hi1Answer> {
  /** Transactions that are being answered. */
  const open = new Map<string, Promise<Hi1Answer>>();
  return async (xml, authority) => {
    const read = readTasking(xml, authority, ports);
    if (!read.ok)
      return answered(read.error.header, authority, ports, { kind: 'refused', error: errorOf(read.error) });
    const { header } = read.value;
    const key = `${authority.id} ${header.transactionId}`;
    const before = (open.get(key) ?? Promise.resolve()).catch(() => undefined);
    const answer = before.then(() => taken(xml, read.value, authority, ports));
    open.set(key, answer);
    try {
      return await answer;
    } catch (error) {
      ports.logger.error('handover-hi1-failed', { authority: authority.id, reason: messageOf(error) });
      const later = { code: errorCodes.transient, description: 'cannot be stored now' };
      return answered(header, authority, ports, { kind: 'refused', error: later });
    } finally {
      if (open.get(key) === answer) open.delete(key);
    }
  };
}

interface Refusal extends TaskProblem {
  readonly header?: MessageHeader;
}

/** Form, version, and who it is from and for: before anything of it is done. */
export function readTasking(
  xml: Buffer,
  authority: Authority,
  { validator, maxBytes }: Pick<Hi1IntakePorts, 'validator' | 'maxBytes'>,
): Result<RequestMessage, Refusal> {
  if (xml.length > maxBytes) {
    return err({ code: errorCodes.tooLarge, message: `larger than ${maxBytes} octets` });
  }
  const read = readRequest(xml);
  if (!read.ok) return read;
  const { header } = read.value;
  const no = (code: number, message: string): Result<never, Refusal> => err({ code, message, header });
  if (!/^V1\./.test(header.version.etsi)) {
    return no(errorCodes.version, 'supported versions of TS 103 120: V1.x.x');
  }
  const valid = validator.validate(xml);
  if (!valid.ok) {
    const [first] = valid.error;
    return no(errorCodes.validation, `line ${first?.line ?? 0}: ${first?.message ?? 'invalid'}`);
  }
  const { requester, profile } = authority;
  const sender =
    requester ?? (isUnspecified(profile.receiver.uniqueIdentifier) ? undefined : profile.receiver);
  if (sender && !isSame(header.sender, sender)) {
    return no(errorCodes.improperValue, 'SenderIdentifier: is not the one of this certificate');
  }
  if (!isSame(header.receiver, profile.sender)) {
    return no(errorCodes.improperValue, 'ReceiverIdentifier: is not ours');
  }
  return read;
}

async function taken(
  xml: Buffer,
  message: RequestMessage,
  authority: Authority,
  ports: Hi1IntakePorts,
): Promise<Hi1Answer> {
  const { answers } = ports;
  const { header, actions } = message;
  const before = await answers.of(authority, header.transactionId, xml);
  if (before === 'other') {
    const error = {
      code: errorCodes.improperValue,
      description: 'TransactionIdentifier: had another message before',
    };
    return answered(header, authority, ports, { kind: 'refused', error });
  }
  if (before) return { status: 200, body: before };
  const by: Person = { name: `authority:${authority.id}`, roles: ['handover-clerk'] };
  const tasks = new Map<TaskObject, Result<string, TaskProblem>>();
  for (const object of objectsOf(actions)) {
    if (object.kind === 'task') tasks.set(object, await caseOf(object, message, authority, by, ports));
  }
  const outcomes = actions.map((action, number) => outcomeOf(action, number, tasks));
  const answer = answered(header, authority, ports, { kind: 'actions', actions: outcomes });
  await answers.put(authority, header.transactionId, xml, answer.body);
  const failed = outcomes.filter(({ kind }) => kind === 'failed').length;
  ports.logger.info('handover-hi1', { authority: authority.id, actions: outcomes.length, failed });
  return answer;
}

/** The id of the task's object, once there is a case of it. */
async function caseOf(
  task: TaskObject,
  { header, actions }: RequestMessage,
  authority: Authority,
  by: Person,
  { desk, answers }: Hi1IntakePorts,
): Promise<Result<string, TaskProblem>> {
  const { transactionId } = header;
  const known = await answers.object(authority, task.objectId);
  // The process died between the case and the answer: this is the answer.
  if (known) {
    return known.transactionId === transactionId
      ? ok(task.objectId)
      : err({ code: errorCodes.objectExists, message: 'ObjectIdentifier: is there already' });
  }
  const request = taskRequest(task, orderOf(task, actions), authority);
  if (!request.ok) return request;
  const made = await desk.takeIn(request.value, by, (id) => [
    answers.becoming(authority, task.objectId, { transactionId, case: id }),
  ]);
  return made.ok ? ok(task.objectId) : err(deskError(made.error));
}

/** The first task of a message that came on another way, entered by a person: TS 103 120 without its HI1 exchange. */
export function taskIntake(ports: {
  readonly desk: Pick<HandoverDesk, 'takeIn'>;
  /** Every authority that was onboarded. */
  readonly authorities: () => readonly Authority[];
  readonly validator: SchemaValidator;
  readonly maxBytes: number;
}): (xml: Buffer, by: Person) => Promise<Result<HandoverCase, DeskRefusal>> {
  const no = (member: string, message: string): Result<never, DeskRefusal> =>
    err({ kind: 'problems', problems: [{ member, message }] });
  return async (xml, by) => {
    const read = readRequest(xml);
    if (!read.ok) return no('document', `${read.error.code}: ${read.error.message}`);
    const { sender } = read.value.header;
    const authority = ports
      .authorities()
      .find(({ requester, profile }) => isSame(requester ?? profile.receiver, sender));
    if (!authority || isUnspecified(sender.uniqueIdentifier)) {
      return no('SenderIdentifier', 'is nobody who was onboarded: set `requester` of the authority');
    }
    const message = readTasking(xml, authority, ports);
    if (!message.ok) return no('document', `${message.error.code}: ${message.error.message}`);
    const tasks = objectsOf(message.value.actions).filter((object) => object.kind === 'task');
    const [task] = tasks;
    if (!task || tasks.length > 1) return no('document', 'has to hold one task');
    const request = taskRequest(task, orderOf(task, message.value.actions), authority);
    if (!request.ok) return no('document', `${request.error.code}: ${request.error.message}`);
    return ports.desk.takeIn(request.value, by);
  };
}

function objectsOf(actions: readonly RequestAction[]) {
  return actions.flatMap((action) => (action.kind === 'create' ? [action.object] : []));
}

function orderOf({ associated }: TaskObject, actions: readonly RequestAction[]) {
  const orders = objectsOf(actions).filter((object) => object.kind === 'authorisation');
  return orders.find(({ objectId }) => associated.includes(objectId));
}

function outcomeOf(
  action: RequestAction,
  number: number,
  tasks: ReadonlyMap<TaskObject, Result<string, TaskProblem>>,
): ActionOutcome {
  const failed = (error: TaskProblem): ActionOutcome => ({
    action: number,
    kind: 'failed',
    error: errorOf(error),
  });
  if (action.kind === 'unsupported') {
    return failed({ code: errorCodes.unsupportedAction, message: `${action.what}: is not supported` });
  }
  const { object } = action;
  if (object.kind === 'task') {
    const made = tasks.get(object);
    return made?.ok === false
      ? failed(made.error)
      : { action: number, kind: 'created', objectId: object.objectId };
  }
  // An order by itself is not kept: it comes with what it orders.
  const own = [...tasks].filter(([{ associated }]) => associated.includes(object.objectId));
  return own.some(([, made]) => made.ok)
    ? { action: number, kind: 'created', objectId: object.objectId }
    : failed({ code: errorCodes.businessLogic, message: 'no task of this message was taken in under it' });
}

function deskError(refusal: DeskRefusal): TaskProblem {
  if (refusal.kind === 'problems') return intakeError(refusal.problems);
  return { code: errorCodes.businessLogic, message: 'is not taken in' };
}

function errorOf({ code, message }: TaskProblem) {
  return { code, description: message };
}

/** TS 103 120 6.2.5: the transaction of the request, a new one where it could not be read. */
function answered(
  header: MessageHeader | undefined,
  { profile }: Authority,
  { clock }: Pick<Hi1IntakePorts, 'clock'>,
  outcome: ResponseMessage['outcome'],
): Hi1Answer {
  const answer: MessageHeader = {
    sender: profile.sender,
    receiver: header?.sender ?? profile.receiver,
    transactionId: header?.transactionId ?? randomUUID(),
    timestamp: qualifiedMicroseconds(clock.wall()),
    version: {
      etsi: profile.etsiVersion,
      nationalProfileOwner: unspecified.profile,
      nationalProfileVersion: unspecified.profile,
    },
  };
  return {
    status: 200,
    body: Buffer.from(writeResponseMessage({ kind: 'response', header: answer, outcome })),
  };
}

function isUnspecified(uniqueIdentifier: string): boolean {
  return uniqueIdentifier === unspecified.endpoint;
}
