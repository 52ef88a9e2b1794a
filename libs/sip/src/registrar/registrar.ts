import type { Clock, IdSource } from '@esinet/kernel';
import type { SipMessage } from '../codec/sip-message.js';
import { parseUri, sameUri } from '../codec/uri.js';
import type { Flow } from '../transport/flow.js';
import { type Binding, type BindingStore, memoryBindings } from './binding.js';
import { type ContactValue, deltaSeconds, isFlowOnly, readContacts } from './contact.js';
import { DigestAuthenticator, type DigestLimits, defaultDigestLimits } from './digest-authenticator.js';
import { quoted } from './digest.js';

/** Bounds of the registrar. */
export interface RegistrarLimits extends DigestLimits {
  /** Seconds: a shorter registration is refused with 423. */
  readonly minExpires: number;
  /** Seconds given where the client asks for none. RFC 3261 10.2 */
  readonly defaultExpires: number;
  /** Seconds: a longer registration is shortened. */
  readonly maxExpires: number;
  /** Contacts of one user; a further one replaces the one not refreshed for longest. */
  readonly maxBindings: number;
}

export const defaultRegistrarLimits: RegistrarLimits = {
  ...defaultDigestLimits,
  minExpires: 60,
  defaultExpires: 3_600,
  maxExpires: 7_200,
  maxBindings: 10,
};

export interface RegistrarOptions {
  /** The domain whose users register, also the realm. */
  readonly domain: string;
  readonly credentials: (user: string) => string | undefined;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits?: Partial<RegistrarLimits>;
  readonly store?: BindingStore;
  /** Key of the nonces, see DigestAuthenticatorOptions. */
  readonly secret?: Buffer;
}

export interface RegistrarAnswer {
  readonly status: number;
  readonly reason?: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

type Headers = readonly (readonly [string, string])[];

/** Extensions a REGISTER may require of us. */
const supported = new Set(['path', 'outbound']);

/** RFC 3261 10.3 with Digest (22), Path (RFC 3327) and flows (RFC 5626, RFC 7118). */
export class Registrar {
  readonly authenticator: DigestAuthenticator;
  readonly #limits: RegistrarLimits;
  readonly #store: BindingStore;
  readonly #usersOfFlow = new Map<string, Set<string>>();

  constructor(private readonly o: RegistrarOptions) {
    this.#limits = { ...defaultRegistrarLimits, ...o.limits };
    this.#store = o.store ?? memoryBindings();
    this.authenticator = new DigestAuthenticator({
      realm: o.domain,
      credentials: o.credentials,
      clock: o.clock,
      ids: o.ids,
      limits: this.#limits,
      ...(o.secret ? { secret: o.secret } : {}),
    });
  }

  /** The answer to a REGISTER, after its effect on the bindings. The steps are those of RFC 3261 10.3. */
  register(request: SipMessage, flow: Flow): Promise<RegistrarAnswer> {
    return Promise.resolve(this.#register(request, flow));
  }

  /** Where the user is to be reached: by q, then the newest first. */
  bindings(user: string): Binding[] {
    return [...this.#current(canonicalUser(user))].sort((a, b) => b.q - a.q || b.updated - a.updated);
  }

  /** The users that registered over the flow: whom a request on it may speak for. */
  usersOf(flowId: string): string[] {
    const users = this.#usersOfFlow.get(flowId) ?? [];
    return [...users].filter((user) => this.#current(user).some((binding) => binding.flowId === flowId));
  }

  /** To be told when a flow closes: bindings that live by it go, others are from now on reached by their Contact. */
  removeFlow(flowId: string): void {
    const users = this.#usersOfFlow.get(flowId);
    this.#usersOfFlow.delete(flowId);
    for (const user of users ?? []) {
      const kept = this.#current(user)
        .filter((binding) => binding.flowId !== flowId || !binding.flowOnly)
        .map((binding) => (binding.flowId === flowId ? { ...binding, flowId: undefined } : binding));
      this.#store.save(user, kept);
    }
  }

  #register(request: SipMessage, flow: Flow): RegistrarAnswer {
    if (request.method !== 'REGISTER') return { status: 405, headers: [['Allow', 'REGISTER']] };
    const unsupported = request.values('Require').filter((tag) => !supported.has(tag.trim().toLowerCase()));
    if (unsupported.length > 0) {
      return { status: 420, headers: unsupported.map((tag) => ['Unsupported', tag] as const) };
    }
    const record = parseUri(request.to?.uri ?? '');
    // RFC 4475 3.3.4: an address-of-record is a SIP URI.
    if (record?.scheme !== 'sip' && record?.scheme !== 'sips') {
      return { status: 400, reason: 'Address-Of-Record', headers: [] };
    }
    const verdict = this.authenticator.verify(request);
    if (verdict.kind === 'bad-request') return { status: 400, reason: verdict.reason, headers: [] };
    if (verdict.kind === 'challenge') {
      return {
        status: 401,
        headers: verdict.challenges.map((value) => ['WWW-Authenticate', value] as const),
      };
    }
    const { callId, cseq } = request;
    if (callId === undefined || !cseq) return { status: 400, headers: [] };
    if (record.host !== this.o.domain.toLowerCase()) return { status: 404, headers: [] };
    const user = canonicalUser(record.user ?? '');
    if (user !== canonicalUser(verdict.user)) return { status: 403, headers: [] };

    const contacts = readContacts(request);
    if (!contacts) return { status: 400, reason: 'Invalid Contact', headers: [] };
    const now = this.o.clock.wall();
    const current = this.#current(user);
    const isLate = (binding: Binding) => binding.callId === callId && cseq.number <= binding.cseq;

    if (contacts === '*') {
      const expires = request.header('Expires');
      if (expires === undefined || deltaSeconds(expires) !== 0) {
        return { status: 400, reason: 'Invalid Contact', headers: [] };
      }
      if (current.some(isLate)) return outOfOrder;
      this.#save(user, []);
      return { status: 200, headers: this.#listing(user, request) };
    }

    const requested = request.has('Expires')
      ? deltaSeconds(request.header('Expires'))
      : this.#limits.defaultExpires;
    // A flow is the client's own only if nobody stands between.
    const direct = request.vias.length === 1;
    let next = [...current];
    for (const contact of contacts) {
      const expires = Math.min(contact.expires ?? requested, this.#limits.maxExpires);
      if (expires > 0 && expires < 3_600 && expires < this.#limits.minExpires) {
        return { status: 423, headers: [['Min-Expires', String(this.#limits.minExpires)]] };
      }
      const same = next.filter((binding) => sameContact(binding, contact));
      if (same.some(isLate)) return outOfOrder;
      next = next.filter((binding) => !same.includes(binding));
      if (expires === 0) continue;
      next.push({
        contact: detached(contact.uri.text),
        flowId: direct ? flow.id : undefined,
        expires: now + expires * 1_000,
        q: contact.q,
        path: request.values('Path').map(detached),
        callId: detached(callId),
        cseq: cseq.number,
        ...(contact.instance === undefined ? {} : { instance: detached(contact.instance) }),
        ...(contact.regId === undefined ? {} : { regId: detached(contact.regId) }),
        flowOnly: direct && flow.reliable && (isFlowOnly(contact.uri) || contact.regId !== undefined),
        updated: now,
      });
    }
    if (contacts.length > this.#limits.maxBindings)
      return { status: 403, reason: 'Too Many Contacts', headers: [] };
    if (next.length > this.#limits.maxBindings) {
      next = [...next].sort((a, b) => b.updated - a.updated).slice(0, this.#limits.maxBindings);
    }
    if (contacts.length > 0) this.#save(user, next);
    return { status: 200, headers: this.#listing(user, request) };
  }

  #current(user: string): readonly Binding[] {
    const now = this.o.clock.wall();
    const all = this.#store.load(user);
    const live = all.filter((binding) => binding.expires > now);
    if (live.length < all.length) this.#save(user, live);
    return live;
  }

  #save(user: string, bindings: readonly Binding[]): void {
    for (const { flowId } of this.#store.load(user)) {
      if (flowId === undefined || bindings.some((binding) => binding.flowId === flowId)) continue;
      const users = this.#usersOfFlow.get(flowId);
      users?.delete(user);
      if (users?.size === 0) this.#usersOfFlow.delete(flowId);
    }
    for (const { flowId } of bindings) {
      if (flowId === undefined) continue;
      const users = this.#usersOfFlow.get(flowId);
      if (users) users.add(user);
      else this.#usersOfFlow.set(flowId, new Set([user]));
    }
    this.#store.save(user, bindings);
  }

  /** What a 200 says: every binding with the seconds it has left. */
  #listing(user: string, request: SipMessage): Headers {
    const now = this.o.clock.wall();
    const headers: [string, string][] = this.bindings(user).map((binding) => {
      const params = [`expires=${Math.max(0, Math.round((binding.expires - now) / 1_000))}`];
      if (binding.q !== 1) params.push(`q=${binding.q}`);
      if (binding.instance !== undefined) params.push(`+sip.instance=${quoted(binding.instance)}`);
      if (binding.regId !== undefined) params.push(`reg-id=${binding.regId}`);
      return ['Contact', `<${binding.contact}>;${params.join(';')}`];
    });
    const tags = request.values('Supported').map((tag) => tag.trim().toLowerCase());
    if (tags.includes('path')) for (const path of request.values('Path')) headers.push(['Path', path]);
    // RFC 5626 6: says that the flow is remembered, to a client that asked for it.
    const outbound = tags.includes('outbound') && request.vias.length === 1;
    if (outbound && this.bindings(user).some((binding) => binding.regId !== undefined)) {
      headers.push(['Require', 'outbound']);
    }
    headers.push(['Date', new Date(now).toUTCString()]);
    return headers;
  }
}

const outOfOrder: RegistrarAnswer = { status: 500, reason: 'CSeq Out Of Order', headers: [] };

/** The same client instance and flow number (RFC 5626 6), else the same URI (RFC 3261 19.1.4). */
function sameContact(binding: Binding, contact: ContactValue): boolean {
  if (contact.instance !== undefined && contact.regId !== undefined && binding.regId !== undefined) {
    return binding.instance === contact.instance && binding.regId === contact.regId;
  }
  return sameUri(binding.contact, contact.uri);
}

/** RFC 3261 10.3 step 5: escapes undone, so that one user has one spelling. */
function canonicalUser(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

/** A copy that does not pin the message it was cut from. */
function detached(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
