import { type Clock, type Logger, type Result, ok } from '@esinet/kernel';
import type { DequeuersConfig } from './config.js';
import { type DequeueError, type DequeueRequest, dequeueError } from './dequeue-registration.js';
import type { Queues } from './queues.js';
import { uriKey } from './uri-key.js';

export interface DequeuePeer {
  readonly address: string;
  /** Names in its client certificate: `URI:sip:…`, `DNS:…`. */
  readonly names: readonly string[];
  readonly fromPage: boolean;
}

export interface DequeueDeskPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether this element has a way of its own to that domain: a registration must not send calls elsewhere. */
  readonly isReachable: (domain: string) => boolean;
  /** Told of each registration and each end of one. */
  readonly onChange?: (queueUri: string, dequeuerUri: string, ended: boolean) => void;
}

/** Takes the registrations of those who want calls of a queue. */
export class DequeueDesk {
  constructor(
    private readonly queues: Queues,
    private readonly ports: DequeueDeskPorts,
  ) {}

  /** The seconds it is registered for; 0 where it no longer is. */
  register(request: DequeueRequest, peer: DequeuePeer): Result<number, DequeueError> {
    const queue = this.queues.named(request.queueUri);
    if (!queue) return dequeueError(456, 'there is no such queue');
    const { dequeuers } = queue;
    if (!dequeuers) return dequeueError(458, 'the queue has a next hop of its own');
    if (!mayRegister(dequeuers.config, peer)) return dequeueError(458, 'not allowed for this queue');
    const { dequeuerUri, expirationTime, dequeuePreference: preference } = request;
    if (expirationTime === 0) {
      dequeuers.remove(dequeuerUri);
      this.#changed('dequeuer deregistered', request);
      queue.registered();
      return ok(0);
    }
    const [domain = ''] = uriKey(dequeuerUri).hop.split(':');
    if (!this.ports.isReachable(domain)) return dequeueError(458, 'there is no way to the dequeuer');
    const seconds = Math.min(expirationTime, Math.floor(dequeuers.config.longest / 1_000));
    const until = this.ports.clock.now() + seconds * 1_000;
    if (!dequeuers.register({ dequeuerUri, preference, until }))
      return dequeueError(458, 'too many are registered for this queue');
    this.#changed('dequeuer registered', request);
    queue.registered();
    return ok(seconds);
  }

  #changed(
    event: string,
    { queueUri, dequeuerUri, expirationTime, dequeuePreference }: DequeueRequest,
  ): void {
    this.ports.logger.info(event, {
      queue: queueUri,
      seconds: expirationTime,
      preference: dequeuePreference,
    });
    this.queues.reconsider();
    this.ports.onChange?.(queueUri, dequeuerUri, expirationTime === 0);
  }
}

function mayRegister({ names, addresses, loopback }: DequeuersConfig, peer: DequeuePeer): boolean {
  if (peer.fromPage) return false;
  if (peer.names.some((name) => names.includes(name))) return true;
  if (addresses.includes(peer.address)) return true;
  return loopback && (peer.address === '::1' || peer.address.startsWith('127.'));
}
