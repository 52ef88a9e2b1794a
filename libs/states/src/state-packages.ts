import type { ElementState, QueueState, ServiceState } from './state.js';

/** The three things whose state is told, each by an event package of its own. NENA i3 shapes. */
export interface StateOf {
  readonly element: ElementState;
  readonly service: ServiceState;
  readonly queue: QueueState;
}

export type StateKind = keyof StateOf;

export const stateKinds = ['element', 'service', 'queue'] as const satisfies readonly StateKind[];

/** RFC 6665 7.2: the event-type of each package, and the media type of its bodies. */
export const statePackages: Readonly<
  Record<StateKind, { readonly event: string; readonly mediaType: string }>
> = {
  element: {
    event: 'emergency-ElementState',
    mediaType: 'application/EmergencyCallData.ElementState+json',
  },
  service: {
    event: 'emergency-ServiceState',
    mediaType: 'application/EmergencyCallData.ServiceState+json',
  },
  queue: {
    event: 'emergency-QueueState',
    mediaType: 'application/EmergencyCallData.QueueState+json',
  },
};

/** Which of them an event-type is; compared octet by octet, RFC 6665 8.2.1. */
export function stateKindOf(eventType: string): StateKind | undefined {
  return stateKinds.find((kind) => statePackages[kind].event === eventType);
}

/** The one word that says how it is. */
export function wordOf<K extends StateKind>(kind: K, state: StateOf[K]): string {
  return kind === 'service'
    ? (state as ServiceState).serviceState.state
    : (state as ElementState | QueueState).state;
}

/** The same with `Unreachable` in place of its word; what else was known stays as it was. */
export function unreachable<K extends StateKind>(kind: K, state: StateOf[K]): StateOf[K] {
  if (kind !== 'service') return { ...state, state: 'Unreachable' };
  return { ...(state as ServiceState), serviceState: { state: 'Unreachable' } } as StateOf[K];
}
