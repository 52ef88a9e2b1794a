/** A call that waits for its next hop. Times are those of the monotonic clock. */
export interface WaitingCall {
  readonly id: number;
  /** Part of a chat or dialog that has begun. */
  readonly running: boolean;
  /** Higher first. */
  readonly priority: number;
  readonly since: number;
  /** When it goes on elsewhere. */
  readonly until: number;
}

export interface QueueLimits {
  readonly maxInService: number;
  /** Calls a second; undefined: no limit. */
  readonly ratePerSecond?: number | undefined;
  readonly maxWaiting: number;
}

export interface QueueMachineState {
  readonly inService: number;
  /** Of the rate's bucket, as of `filledAt`. */
  readonly tokens: number;
  readonly filledAt: number;
  /** The one that leaves next first. */
  readonly waiting: readonly WaitingCall[];
}

export type QueueEvent =
  | { readonly type: 'arrive'; readonly call: WaitingCall }
  /** A call in service was answered. */
  | { readonly type: 'released' }
  /** Time to look who has waited long enough, and whether the rate lets one go. */
  | { readonly type: 'timer' }
  /** A caller gave up waiting. */
  | { readonly type: 'left'; readonly id: number }
  /** A call that nobody else takes: into service, whatever the limits. */
  | { readonly type: 'forced' }
  /** The next hop takes no more calls: those that wait go on. */
  | { readonly type: 'closed'; readonly why: string };

export type QueueEffect =
  | { readonly do: 'admit'; readonly id: number }
  /** On to the alternates. */
  | { readonly do: 'pass'; readonly id: number; readonly why: string; readonly preempted?: true }
  /** Send `timer` at that time. */
  | { readonly do: 'wake'; readonly at: number };

type Step = readonly [QueueMachineState, readonly QueueEffect[]];

export function emptyQueue(now: number, limits: QueueLimits): QueueMachineState {
  return { inService: 0, tokens: burst(limits), filledAt: now, waiting: [] };
}

/**
 * One queue. RFC 4412 4.5.2: calls that find no room wait in the order of their priority, the same priority first come
 * first served; the wait and the length are limited, and where the queue is full a higher one takes the place of the
 * lowest. RFC 7135 3.2 makes esnet such a namespace. Nothing here drops a call: what does not stay is passed on.
 */
export function queueMachine(
  state: QueueMachineState,
  event: QueueEvent,
  now: number,
  limits: QueueLimits,
): Step {
  switch (event.type) {
    case 'arrive':
      return arrive(refilled(state, now, limits), event.call, now, limits);
    case 'released':
      return leave({ ...state, inService: Math.max(0, state.inService - 1) }, now, limits, []);
    case 'timer':
      return timer(state, now, limits);
    case 'left': {
      const waiting = state.waiting.filter(({ id }) => id !== event.id);
      return [waiting.length === state.waiting.length ? state : { ...state, waiting }, []];
    }
    case 'forced':
      return [{ ...state, inService: state.inService + 1 }, []];
    case 'closed':
      return [
        { ...state, waiting: [] },
        state.waiting.map(({ id }) => ({ do: 'pass', id, why: event.why }) as const),
      ];
  }
}

/** Whether a call would neither get through nor find a place to wait. */
export function isFull(state: QueueMachineState, limits: QueueLimits): boolean {
  if (state.waiting.length < limits.maxWaiting) return false;
  return limits.maxWaiting > 0 || state.inService >= limits.maxInService;
}

function arrive(state: QueueMachineState, call: WaitingCall, now: number, limits: QueueLimits): Step {
  if (state.waiting.length === 0 && hasRoom(state, limits)) return [served(state, limits), [admit(call)]];
  if (call.until <= now) return [state, [full(call)]];
  if (state.waiting.length < limits.maxWaiting) return [placed(state, call), wakes(state, call, now, limits)];
  const lowest = state.waiting.at(-1);
  if (!lowest || !precedes(call, lowest)) return [state, [full(call)]];
  const room = { ...state, waiting: state.waiting.slice(0, -1) };
  const preempted = { do: 'pass', id: lowest.id, why: 'Full', preempted: true } as const;
  return [placed(room, call), [preempted, ...wakes(state, call, now, limits)]];
}

function timer(state: QueueMachineState, now: number, limits: QueueLimits): Step {
  const late = state.waiting.filter(({ until }) => until <= now);
  const waiting = late.length === 0 ? state.waiting : state.waiting.filter(({ until }) => until > now);
  const [after, effects] = leave({ ...state, waiting }, now, limits, []);
  const next = after.waiting.reduce((earliest, { until }) => Math.min(earliest, until), Infinity);
  const wake = next === Infinity ? [] : [{ do: 'wake', at: next } as const];
  return [after, [...late.map(full), ...effects, ...wake]];
}

/** The first ones go as far as there is room. */
function leave(
  before: QueueMachineState,
  now: number,
  limits: QueueLimits,
  effects: readonly QueueEffect[],
): Step {
  if (before.waiting.length === 0) return [before, effects];
  let state = refilled(before, now, limits);
  let gone = 0;
  const admitted: QueueEffect[] = [];
  for (; gone < before.waiting.length && hasRoom(state, limits); gone++) {
    admitted.push(admit(before.waiting[gone]!));
    state = served(state, limits);
  }
  if (gone > 0) state = { ...state, waiting: before.waiting.slice(gone) };
  return [state, [...effects, ...admitted, ...rateWake(state, now, limits)]];
}

function admit({ id }: WaitingCall): QueueEffect {
  return { do: 'admit', id };
}

function full({ id }: WaitingCall): QueueEffect {
  return { do: 'pass', id, why: 'Full' };
}

function precedes(a: WaitingCall, b: WaitingCall): boolean {
  return a.running === b.running ? a.priority > b.priority : a.running;
}

/** Behind all that do not have to stand back. */
function placed(state: QueueMachineState, call: WaitingCall): QueueMachineState {
  let low = 0;
  let high = state.waiting.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (precedes(call, state.waiting[middle]!)) high = middle;
    else low = middle + 1;
  }
  return { ...state, waiting: state.waiting.toSpliced(low, 0, call) };
}

function wakes(
  state: QueueMachineState,
  call: WaitingCall,
  now: number,
  limits: QueueLimits,
): readonly QueueEffect[] {
  return [{ do: 'wake', at: call.until }, ...rateWake(state, now, limits)];
}

/** When the bucket has the next token, where that is what is waited for. */
function rateWake(state: QueueMachineState, now: number, limits: QueueLimits): readonly QueueEffect[] {
  const { ratePerSecond } = limits;
  if (ratePerSecond === undefined || state.tokens >= 1 || state.inService >= limits.maxInService) return [];
  return [{ do: 'wake', at: now + Math.ceil(((1 - state.tokens) / ratePerSecond) * 1_000) }];
}

function hasRoom(state: QueueMachineState, limits: QueueLimits): boolean {
  return state.inService < limits.maxInService && (limits.ratePerSecond === undefined || state.tokens >= 1);
}

function served(state: QueueMachineState, limits: QueueLimits): QueueMachineState {
  const tokens = limits.ratePerSecond === undefined ? state.tokens : state.tokens - 1;
  return { ...state, inService: state.inService + 1, tokens };
}

function burst({ ratePerSecond = 0 }: QueueLimits): number {
  return Math.max(1, ratePerSecond);
}

function refilled(state: QueueMachineState, now: number, limits: QueueLimits): QueueMachineState {
  const { ratePerSecond } = limits;
  if (ratePerSecond === undefined) return state;
  const tokens = Math.min(burst(limits), state.tokens + ((now - state.filledAt) * ratePerSecond) / 1_000);
  return { ...state, tokens, filledAt: now };
}
