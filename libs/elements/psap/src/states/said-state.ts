import { type SecurityPosture, type ServiceStateValue, securityPostures } from '@esinet/states';

/** What a centre, or all of them, can say of its service. */
export type SaidValue = Exclude<ServiceStateValue, 'Unreachable'>;

/** What an operator, or the element itself, says of a service. */
export interface SaidState {
  readonly state: SaidValue;
  readonly reason?: string;
  readonly posture: SecurityPosture;
}

export const nothingSaid: SaidState = { state: 'Normal', posture: 'Green' };

/** From what takes every call to what takes none. */
const bySeverity: readonly SaidValue[] = [
  'Normal',
  'ScheduledMaintenanceAvailable',
  'MajorIncidentInProgress',
  'Partial',
  'Overloaded',
  'Unstaffed',
  'GoingDown',
  'ScheduledMaintenanceDown',
  'Down',
];

/** States in which a service takes no calls: its queues are Inactive. */
const takesNothing: ReadonlySet<SaidValue> = new Set(['GoingDown', 'ScheduledMaintenanceDown', 'Down']);

export function isClosed({ state }: Pick<SaidState, 'state'>): boolean {
  return takesNothing.has(state);
}

/** Of both the worse state, with its reason, and the higher posture: what is said of all holds for each. */
export function worse(a: SaidState, b: SaidState): SaidState {
  const [worst] = bySeverity.indexOf(b.state) > bySeverity.indexOf(a.state) ? [b] : [a];
  const { state, reason } = worst;
  const posture =
    securityPostures[Math.max(securityPostures.indexOf(a.posture), securityPostures.indexOf(b.posture))] ??
    'Green';
  return { state, posture, ...(reason !== undefined && { reason }) };
}
