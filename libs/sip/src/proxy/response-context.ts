import { messageOf, type Timer } from '@esinet/kernel';
import { hasOneVia } from '../codec/check-response.js';
import { editMessage, type HeaderEdit } from '../codec/edit.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { Destination, TransportName } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';
import type { ClientFailure, ClientTransaction, Compose } from '../transaction/client-transaction.js';
import { withoutOverload } from '../overload/oc-params.js';
import { orderForSize } from '../transaction/destination-order.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { branchOf } from '../transaction/branch.js';
import { isFlow } from '../transaction/transport-port.js';
import { bestResult, type BranchResult } from './best-response.js';
import { lacksLength, lengthOf } from './content-length.js';
import type { DialogWay } from './dialog-seal.js';
import { type Forwarding, forwarding, isRoutableScheme } from './forward-request.js';
import type { ProxySettings } from './proxy-settings.js';
import { formsDialog, isSecured, type ProxySide, recordRoutes } from './record-route.js';
import type { FailedTarget, ForwardDecision, ForwardTarget, TriedTarget } from './route-decision.js';

/** One client transaction of the context. */
interface Branch {
  readonly target: number;
  readonly destination: Destination | Flow;
  client: ClientTransaction | undefined;
  heard: boolean;
  done: boolean;
  failover: Timer | undefined;
  timerC: Timer | undefined;
}

/** Milliseconds by which a timer of ours may be late before the silence of others says nothing. */
const ownDelayMs = 100;

/** RFC 3261 16.2: one request, the branches it was forwarded on, and what they answered. */
export class ResponseContext {
  readonly #branches: Branch[] = [];
  readonly #results: BranchResult[] = [];
  /** Destinations of the present target still to be tried. */
  #destinations: (Destination | Flow)[] = [];
  #forwarding: Forwarding | undefined;
  #target = -1;
  #attempt = 0;
  #finished = false;
  #locating = false;
  readonly #invite: boolean;
  /** In the order they are tried. */
  readonly #targets: readonly ForwardTarget[];

  constructor(
    private readonly settings: ProxySettings,
    private readonly tx: ServerTransaction,
    private readonly request: SipMessage,
    private readonly decision: ForwardDecision,
  ) {
    this.#invite = request.method === 'INVITE';
    const { targets } = decision;
    const meant = targets.filter((target) => !target.standsIn);
    const ordered = settings.failures.lastTried(meant, (target) => target.destination);
    this.#targets =
      meant.length === targets.length ? ordered : [...ordered, ...targets.filter(({ standsIn }) => standsIn)];
  }

  begin(): void {
    // RFC 3261 16.10
    if (this.#invite) this.tx.onCancel(() => this.#guarded(() => this.#cancelAll()));
    this.#next();
  }

  /** The next destination of this target, else the next target, else the end. */
  #next(): void {
    if (this.#finished || this.#locating) return;
    if (this.tx.cancelled) return this.#exhausted();
    const destination = this.#destinations.shift();
    if (destination) return this.#send(destination);
    this.#target++;
    const target = this.#targets[this.#target];
    if (!target) return this.#exhausted();
    const forward = forwarding(this.request, this.tx.flow, this.decision, this.#told(target), []);
    this.#forwarding = forward;
    if (target.destination) return this.#send(target.destination);
    this.#locate(forward.nextHopUri ?? '');
  }

  /** Nothing is left to try; what is still out may answer yet. */
  #exhausted(): void {
    if (this.#allDone()) this.#conclude();
  }

  #locate(uri: string): void {
    if (!isRoutableScheme(uri)) {
      // RFC 3261 16.3 step 2
      this.#results.push({ target: this.#index(), status: 416 });
      return this.#next();
    }
    this.#locating = true;
    this.settings.locator.locate(uri).then(
      (found) => this.#guarded(() => this.#located(found)),
      (error: unknown) => {
        this.settings.logger.warn('sip-locate-failed', { reason: messageOf(error) });
        this.#guarded(() => this.#located([]));
      },
    );
  }

  #located(found: readonly Destination[]): void {
    this.#locating = false;
    const { authority, fallback } = this.#targets[this.#target] ?? {};
    const bound = { ...(authority !== undefined && { authority }), ...(fallback && { fallback }) };
    const known = authority === undefined && !fallback ? found : found.map((each) => ({ ...each, ...bound }));
    const ordered = orderForSize(known, this.request.bytes.length);
    this.#destinations = [...this.settings.failures.lastTried(ordered, (destination) => destination)];
    // RFC 3261 16.9: no way there counts as a 503.
    if (found.length === 0) this.#results.push({ target: this.#index(), status: 503 });
    this.#next();
  }

  /** RFC 3261 16.6 steps 8 to 11 */
  #send(destination: Destination | Flow): void {
    const { transactions, loopHash } = this.settings;
    const target = this.#targets[this.#target]!;
    if (this.#isKeptFrom(destination)) return this.#next();
    const branch: Branch = {
      target: this.#index(),
      destination,
      client: undefined,
      heard: false,
      done: false,
      failover: undefined,
      timerC: undefined,
    };
    this.#branches.push(branch);
    const id = `${branchOf(this.tx.hash, this.#attempt++)}-${loopHash(this.request, this.tx.flow)}`;
    branch.client = transactions.request(
      {
        bytes: this.#composed(target, destination),
        method: this.request.method,
        destination,
        branch: id,
        ...(target.listener === undefined ? undefined : { listener: target.listener }),
      },
      {
        // RFC 3261 16.7 step 3: with no Via under ours a response is not to be forwarded.
        accepts: (response) => !hasOneVia(response),
        onResponse: (response) => this.#guarded(() => this.#onResponse(branch, response)),
        onFailure: (reason) => this.#guarded(() => this.#onFailure(branch, reason)),
      },
    );
    if (this.#hasNext()) this.#awaitFailover(branch, destination);
    if (this.#invite) this.#setTimerC(branch);
  }

  /** RFC 7339 5.5, 5.9: another destination is tried; the last one is asked even if it has been silent. */
  #isKeptFrom(destination: Destination | Flow): boolean {
    const verdict = this.settings.hops?.verdict(destination, this.request, this.tx.flow) ?? 'send';
    if (verdict === 'send') return false;
    if (verdict === 'silent') {
      if (!this.#hasNext() && this.#allDone()) return false;
      this.#results.push({ target: this.#index(), status: 503 });
      return true;
    }
    this.#results.push({ target: this.#index(), status: this.settings.heldStatus, held: true });
    return true;
  }

  /** Where the present target stands in the decision. */
  #index(): number {
    return this.#indexOf(this.#targets[this.#target]!);
  }

  #indexOf(target: ForwardTarget): number {
    return this.decision.targets.indexOf(target);
  }

  #hasNext(): boolean {
    return this.#destinations.length > 0 || this.#target + 1 < this.#targets.length;
  }

  #awaitFailover(branch: Branch, destination: Destination | Flow): void {
    const { transactions, failoverMs, promptMs, connectMs } = this.settings;
    if (promptMs < failoverMs && destination.transport !== 'udp' && this.#nextIsSibling()) {
      return this.#awaitPrompt(branch, promptMs, this.settings.clock.now() + promptMs);
    }
    const connecting = !isFlow(destination) && destination.transport !== 'udp';
    const expired = () => {
      if (branch.heard || branch.done) return;
      // The connection stands: the peer gets the full time to say something.
      if (connecting && branch.client?.sent && failoverMs > connectMs) {
        branch.failover = transactions.queue.after(failoverMs - connectMs, () => this.#failover(branch));
        return;
      }
      this.#failover(branch);
    };
    branch.failover = transactions.queue.after(
      connecting ? Math.min(connectMs, failoverMs) : failoverMs,
      expired,
    );
  }

  /** Whether what comes next serves the same next hop as the present target. */
  #nextIsSibling(): boolean {
    if (this.#destinations.length > 0) return false;
    const siblings = this.#targets[this.#target]?.siblings;
    return siblings !== undefined && this.#targets[this.#target + 1]?.siblings === siblings;
  }

  #awaitPrompt(branch: Branch, ms: number, due: number): void {
    branch.failover = this.settings.transactions.queue.after(ms, () => {
      if (branch.heard || branch.done) return;
      // A process that is late itself may have the answer in its sockets, unread.
      const late = this.settings.clock.now() - due;
      if (late < ownDelayMs) return this.#failover(branch);
      this.#awaitPrompt(branch, ownDelayMs, this.settings.clock.now() + ownDelayMs);
    });
  }

  /** The next target is tried as well; the silent branch stays, and wins if it answers first after all. */
  #failover(branch: Branch): void {
    if (branch.heard || branch.done || this.#finished) return;
    this.settings.logger.warn('sip-failover', { target: branch.target, reason: 'silent' });
    this.settings.failures.failed(branch.destination);
    this.settings.hops?.failed(branch.destination);
    branch.client?.distrust();
    this.#guarded(() => this.#next());
  }

  #onResponse(branch: Branch, response: SipMessage): void {
    branch.heard = true;
    branch.failover?.cancel();
    this.settings.failures.answered(branch.destination);
    this.settings.hops?.answered(branch.destination);
    const { status } = response;
    if (status < 200) return this.#provisional(branch, response);
    branch.done = true;
    branch.timerC?.cancel();
    // RFC 3261 16.7 step 5: a 2xx to INVITE always goes upstream at once, even after another final response.
    if (status < 300) {
      if (!this.#finished || this.#invite) this.#forward(response, branch.target);
      return;
    }
    this.#results.push({ target: branch.target, status, response });
    if (this.#finished) return;
    // RFC 3261 16.7 step 5: a 6xx ends the search.
    if (status >= 600) {
      this.#cancelAll();
      if (!this.#invite || this.#allDone()) this.#conclude();
      return;
    }
    if (this.#goesOn(status) && !this.tx.cancelled) return this.#branchEnded();
    // Any other answer is the end point's own: it is not asked again elsewhere.
    this.#conclude();
  }

  #goesOn(status: number): boolean {
    return this.settings.failoverOn(status) || (this.decision.failoverOn?.(status) ?? false);
  }

  #onFailure(branch: Branch, reason: ClientFailure): void {
    branch.done = true;
    if (!branch.heard) {
      this.settings.failures.failed(branch.destination);
      this.settings.hops?.failed(branch.destination);
    }
    branch.failover?.cancel();
    branch.timerC?.cancel();
    // RFC 3261 16.9 and 16.7 step 1: a transport error counts as 503, a timeout as 408.
    this.#results.push({ target: branch.target, status: reason === 'timeout' ? 408 : 503 });
    if (!this.#finished) this.#branchEnded();
  }

  /** A branch gave nothing: on to the next, or wait for those that are still out. */
  #branchEnded(): void {
    if (this.#hasNext() && !this.tx.cancelled) return this.#next();
    if (!this.#locating) this.#exhausted();
  }

  #allDone(): boolean {
    return this.#branches.every((branch) => branch.done);
  }

  #provisional(branch: Branch, response: SipMessage): void {
    // RFC 3261 16.7 step 2: Timer C starts again with each 101 to 199.
    if (response.status > 100 && this.#invite) this.#setTimerC(branch);
    // RFC 3261 16.7 step 5: a 100 is not forwarded; RFC 4320 4.1: nor is any other to a non-INVITE request.
    if (response.status === 100 || !this.#invite || this.#finished) return;
    this.tx.respond(this.#upstream(response));
  }

  /** RFC 3261 16.8 */
  #setTimerC(branch: Branch): void {
    branch.timerC?.cancel();
    branch.timerC = this.settings.transactions.queue.after(this.settings.timerCMs, () => {
      if (branch.done) return;
      if (branch.heard) return branch.client?.cancel();
      this.#guarded(() => this.#onFailure(branch, 'timeout'));
    });
  }

  #cancelAll(): void {
    for (const branch of this.#branches) {
      branch.failover?.cancel();
      if (!branch.done) branch.client?.cancel();
    }
    this.#exhausted();
  }

  /** RFC 3261 16.7 step 6: no branch is left that could do better. */
  #conclude(): void {
    if (this.#finished) return;
    if (this.tx.cancelled && this.#results.length === 0) return this.#finish({ status: 487 }, 487, -1);
    const best = bestResult(this.#results);
    if (!best) return this.#finish({ status: 480 }, 480, -1);
    const { status, response, target, held } = best;
    if (held) return this.#finish({ status }, status, target);
    if (response && status !== 503 && !(status === 408 && !this.#invite))
      return this.#forward(response, target);
    if (status === 408 && !response) return this.#timedOut(target);
    if (status === 416) return this.#finish({ status }, status, target);
    // RFC 3261 16.7 step 6: a 503 is not passed on, since it would speak for all of this proxy; nor is a 408 to a
    // non-INVITE request, RFC 4320 4.2.
    this.#finish({ status: this.settings.unreachableStatus }, this.settings.unreachableStatus, target);
  }

  /** RFC 3261 16.7 step 6; RFC 4320 4.2: the client of a non-INVITE request has timed out by itself. */
  #timedOut(target: number): void {
    if (this.tx.cancelled) return this.#finish({ status: 487 }, 487, target);
    this.#finish({ status: 408 }, 408, target);
  }

  #finish(answer: { status: number }, reported: number, target: number): void {
    this.#finished = true;
    this.tx.respond(answer);
    this.#report(reported, target);
    this.#cancelPending();
  }

  /** RFC 3261 16.7 steps 7 to 10 */
  #forward(response: SipMessage, target: number): void {
    const first = !this.#finished;
    this.#finished = true;
    this.tx.respond(this.#upstream(response));
    if (!first) return;
    this.#report(response.status, target);
    this.#cancelPending();
  }

  #cancelPending(): void {
    for (const branch of this.#branches) {
      branch.failover?.cancel();
      if (branch.done) continue;
      // RFC 3261 16.7 step 10
      branch.client?.cancel();
    }
  }

  #report(status: number, target: number): void {
    try {
      const { onOutcome } = this.decision;
      if (!onOutcome) return;
      const tried = this.#failedTargets(target);
      onOutcome({ status, target, ...(tried.length > 0 && { tried }) });
    } catch (error) {
      this.settings.logger.error('sip-outcome-threw', { reason: messageOf(error) });
    }
  }

  /** Who failed, and who has said nothing although the next one was asked. */
  #failedTargets(answering: number): FailedTarget[] {
    const tried = this.#results.map(({ target, status, response }) => ({
      target,
      status,
      answered: response !== undefined,
    }));
    for (const { target, heard, done } of this.#branches) {
      if (!heard && !done && target !== answering) tried.push({ target, status: 408, answered: false });
    }
    return tried;
  }

  /** RFC 3261 16.7 steps 3, 7 and 9: our Via off, challenges of the other branches on. */
  #upstream(response: SipMessage): Buffer {
    const edits: HeaderEdit[] = [viaEdit(response)];
    if (lacksLength(response) && this.tx.flow.reliable) edits.push(lengthOf(response));
    if (response.status === 401 || response.status === 407) {
      for (const other of this.#results) {
        if (other.response === response || !other.response) continue;
        if (other.status !== 401 && other.status !== 407) continue;
        for (const name of ['WWW-Authenticate', 'Proxy-Authenticate']) {
          for (const value of other.response.headerLines(name)) edits.push({ op: 'append', name, value });
        }
      }
    }
    try {
      const own = this.decision.responseEdits?.(response);
      if (own) edits.push(...own);
    } catch (error) {
      this.settings.logger.error('sip-response-edits-threw', { reason: messageOf(error) });
    }
    return editMessage(response, { edits });
  }

  /** RFC 3261 16.6 step 4: which Record-Route it takes is known with the destination. */
  #composed(target: ForwardTarget, destination: Destination | Flow): Compose {
    const wanted = this.decision.recordRoute ?? this.settings.recordRoute;
    if (!wanted || !formsDialog(this.request.method)) return this.#forwarding!.compose;
    const { flow } = this.tx;
    const listener = target.listener ?? (isFlow(destination) ? destination.listener : flow.listener);
    const side = (transport: TransportName, name: string, way: Destination | Flow): ProxySide => ({
      transport,
      sentBy: this.settings.sentBy(transport, name),
      ...this.#sealed(way),
    });
    const secure = isSecured(target.uri ?? this.request.requestUri, this.request.values('Route')[0]);
    const routes = recordRoutes(
      side(flow.transport, flow.listener, flow),
      side(destination.transport, listener, destination),
      secure,
    );
    return forwarding(this.request, flow, this.decision, this.#told(target), routes).compose;
  }

  /** The target with the edits that tell of those before it; without them where they cannot be made. */
  #told(target: ForwardTarget): ForwardTarget {
    if (!target.editsAfter) return target;
    try {
      return { ...target, edits: [...(target.edits ?? []), ...target.editsAfter(this.#tried())] };
    } catch (error) {
      this.settings.logger.error('sip-target-edits-threw', { reason: messageOf(error) });
      return target;
    }
  }

  /** In the order in which they were tried, the present one not among them. */
  #tried(): TriedTarget[] {
    const statuses = new Map(this.#targets.slice(0, this.#target).map((each) => [this.#indexOf(each), 408]));
    for (const { target, status } of this.#results) if (statuses.has(target)) statuses.set(target, status);
    return [...statuses].map(([target, status]) => ({ target, status }));
  }

  #sealed(way: Destination | Flow): { user?: string } {
    const { dialogs } = this.settings;
    return dialogs ? { user: dialogs.seal.seal(this.request, dialogs.ways ? wayTo(way) : undefined) } : {};
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.settings.transactions.counters.errors++;
      this.settings.logger.error('sip-forward-failed', { reason: messageOf(error) });
      if (!this.tx.answered) this.#finish({ status: 500 }, 500, -1);
    }
  }
}

function wayTo(where: Destination | Flow): DialogWay {
  const { transport } = where;
  if (!isFlow(where)) {
    const { address, port, serverName } = where;
    return { transport, address, port, ...(serverName !== undefined && { serverName }) };
  }
  const way = { transport, address: where.remoteAddress, port: where.remotePort };
  return where.reliable ? { ...way, flowId: where.id } : way;
}

/** RFC 3261 16.7 step 3; RFC 7339 5.4: what is said of its load in a Via that is not ours does not go on. */
function viaEdit(response: SipMessage): HeaderEdit {
  const at = response.bytes.indexOf(';oc');
  if (at < 0 || at >= response.bodyStart) return { op: 'pop', name: 'Via' };
  const values = response.values('Via').slice(1);
  return { op: 'set-lines', name: 'Via', values: values.map(withoutOverload) };
}
