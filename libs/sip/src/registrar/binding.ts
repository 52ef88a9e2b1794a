/** Where a user is to be reached now. RFC 3261 10 */
export interface Binding {
  /** The Contact URI as registered. */
  readonly contact: string;
  /** The flow the registration came in on, where it came straight from the client: requests go over it (RFC 5626). */
  readonly flowId: string | undefined;
  /** Wall milliseconds. */
  readonly expires: number;
  /** 0 to 1; 1 where none was given. */
  readonly q: number;
  /** Route for requests to the contact, first hop first. RFC 3327 */
  readonly path: readonly string[];
  readonly callId: string;
  readonly cseq: number;
  /** `+sip.instance`. RFC 5626 4.1 */
  readonly instance?: string;
  readonly regId?: string;
  /** The contact cannot be connected to: without its flow the binding is worth nothing. */
  readonly flowOnly: boolean;
  /** Wall milliseconds of the last REGISTER. */
  readonly updated: number;
}

/** Where bindings are kept, by user. */
export interface BindingStore {
  load(user: string): readonly Binding[];
  /** An empty list forgets the user. */
  save(user: string, bindings: readonly Binding[]): void;
  users(): Iterable<string>;
}

export function memoryBindings(): BindingStore {
  const all = new Map<string, readonly Binding[]>();
  return {
    load: (user) => all.get(user) ?? [],
    save: (user, bindings) => void (bindings.length > 0 ? all.set(user, bindings) : all.delete(user)),
    users: () => [...all.keys()],
  };
}
