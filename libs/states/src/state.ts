/**
 * What elements, services and queues say about themselves (NENA i3, from which TS 103 479 is derived). Names and values
 * are those of the JSON bodies.
 */
export const elementStates = [
  'Normal',
  'ScheduledMaintenance',
  'ServiceDisruption',
  'Overloaded',
  'GoingDown',
  'Down',
  'Unreachable',
] as const;
export type ElementStateValue = (typeof elementStates)[number];

export const serviceStates = [
  'Normal',
  'Unstaffed',
  'ScheduledMaintenanceDown',
  'ScheduledMaintenanceAvailable',
  'MajorIncidentInProgress',
  'Partial',
  'Overloaded',
  'GoingDown',
  'Down',
  'Unreachable',
] as const;
export type ServiceStateValue = (typeof serviceStates)[number];

export const securityPostures = ['Green', 'Yellow', 'Orange', 'Red'] as const;
export type SecurityPosture = (typeof securityPostures)[number];

/** `Unreachable` is set by a subscriber that hears nothing, and never notified. */
export const queueStates = [
  'Active',
  'Inactive',
  'Disabled',
  'Full',
  'Standby',
  'ResourceExhausted',
  'Unreachable',
] as const;
export type QueueStateValue = (typeof queueStates)[number];

export interface ElementState {
  /** A host name: `bcf.esinet.lab`. */
  readonly elementId: string;
  readonly state: ElementStateValue;
  readonly reason?: string;
}

export interface ServiceState {
  readonly service: { readonly name: string; readonly serviceId?: string; readonly domain: string };
  readonly serviceState: { readonly state: ServiceStateValue; readonly reason?: string };
  readonly securityPosture?: { readonly posture: SecurityPosture };
}

export interface QueueState {
  /** SIP URI. */
  readonly queueUri: string;
  /** Calls that wait. */
  readonly queueLength: number;
  readonly queueMaxLength: number;
  readonly state: QueueStateValue;
}

/** What is known of others at this moment; undefined where nothing has been heard of them. */
export interface KnownStates {
  element(elementId: string): ElementState | undefined;
  /** By the name of the service (`PSAP`, `ESRP`) and its domain, or by its id. */
  service(name: string, domain: string): ServiceState | undefined;
  queue(queueUri: string): QueueState | undefined;
}
