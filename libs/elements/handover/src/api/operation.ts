import type { Result } from '@esinet/kernel';
import type { FastRequest, FastResponse } from '@esinet/platform';
import type { z } from 'zod';
import type { DeskRefusal } from '../handover-desk.js';
import type { HandoverElement } from '../handover-element.js';
import type { HandoverCase, Person, Role } from '../model.js';
import type { ProblemCode } from './problem.js';

/** Takes in a task as a document: TS 103 120 LDTask that came on another way than HI1. */
export type TaskIntake = (xml: Buffer, by: Person) => Promise<Result<HandoverCase, DeskRefusal>>;

export interface DeskApi {
  readonly element: HandoverElement;
}

/** One request to the desk: who asks, what the path names, and what was sent, read. */
export interface DeskCall<Q, B> {
  readonly by: Person;
  readonly id: string;
  /** The second name in the path. */
  readonly other: string;
  readonly query: Q;
  readonly body: B;
  readonly request: FastRequest;
}

/** What the desk does at one path: served by it, and described by it. */
export interface Operation<Q = unknown, B = unknown> {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** `/api/handover/cases/{id}/freeze` */
  readonly path: string;
  readonly id: string;
  readonly tag: 'authorities' | 'cases' | 'deliveries' | 'audit';
  readonly summary: string;
  /** One of these; anybody who is known where there are none. The desk itself asks again. */
  readonly roles?: readonly Role[];
  readonly query?: z.ZodType<Q>;
  /** JSON of this form, or a document. */
  readonly body?: z.ZodType<B> | 'xml';
  readonly answer: { readonly status: number; readonly description: string; readonly type?: string };
  readonly problems: readonly ProblemCode[];
  readonly run: (api: DeskApi, call: DeskCall<Q, B>) => Promise<FastResponse> | FastResponse;
}

/** So that the types of query and body are those of the schemas. */
export function operation<Q, B>(o: Operation<Q, B>): Operation {
  return o as unknown as Operation;
}
