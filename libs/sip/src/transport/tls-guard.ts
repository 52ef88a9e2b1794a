import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '@esinet/kernel';
import { certificatesIn } from './certificate-path.js';
import type { Destination } from './destination.js';
import { SipTransportError } from './error.js';
import type { TlsPeer } from './flow.js';
import type { ListenOptions } from './listener.js';
import { type TlsOptions, shownBy } from './tls.js';
import { sipIdentities } from './tls-names.js';
import { type TlsPeerRule, isPinned, peerAt } from './tls-peer-rule.js';
import { type TlsRule, tlsRuleOf } from './tls-rule.js';
import { type TlsTrust, judge } from './tls-verdict.js';

/** What is worth counting of TLS. `peer` is the configured name of one, never what a stranger calls itself. */
export type TlsEvent =
  | {
      readonly kind: 'refused';
      readonly side: 'client' | 'server';
      readonly rule: TlsRule;
      readonly peer?: string;
    }
  /** Taken with a key that is weak, for this peer's sake. */
  | { readonly kind: 'legacy'; readonly side: 'client' | 'server'; readonly peer?: string }
  /** Reached without TLS, as the peer's policy allows. */
  | { readonly kind: 'fallback'; readonly transport: string; readonly peer?: string }
  /** Taken as a stranger's: it carries the peer's name and is not the certificate that was agreed. */
  | { readonly kind: 'unbound'; readonly rule: TlsRule; readonly peer: string };

export interface TlsGuardOptions {
  readonly listeners: readonly ListenOptions[];
  readonly clientTls?: TlsOptions | undefined;
  readonly peers?: readonly TlsPeerRule[] | undefined;
  readonly logger: Logger;
  readonly onTls?: ((event: TlsEvent) => void) | undefined;
}

/** Judges who is at the other end of a TLS connection, says why one was refused, and knows which certificates are ours. */
export class TlsGuard {
  readonly peers: readonly TlsPeerRule[];
  /** By the PEM text they were read from: those in use, and a few that were. */
  readonly #certificates = new Map<string, readonly X509Certificate[]>();

  constructor(private readonly o: TlsGuardOptions) {
    this.peers = o.peers ?? [];
  }

  /** Ours for a listener, or for connections opened on its behalf. */
  optionsFor(listener: string): TlsOptions | undefined {
    return (
      this.o.listeners.find(({ name }) => name === listener)?.tls ??
      this.o.clientTls ??
      this.o.listeners.find(({ tls }) => tls)?.tls
    );
  }

  /** The authority of a peer, unless it is one that signs for us. */
  foreignAuthority({ authority }: TlsPeer, listener: string): string | undefined {
    const own = this.optionsFor(listener)?.ownCa;
    if (own === undefined) return undefined;
    return this.#in(own).some((each) => each.fingerprint256 === authority) ? undefined : authority;
  }

  /**
   * Whether an accepted socket may stay, with what its peer showed. `required`: it must have shown a good certificate,
   * for one of the SIP domains `clients` where these are given.
   */
  accepted(
    socket: TLSSocket,
    listener: string,
    required: boolean,
    clients?: readonly string[],
  ): { readonly peer?: TlsPeer } | undefined {
    const shown = shownBy(socket);
    if (!required && !shown.certificate) return {};
    const judgement = judge(shown, this.#trust(listener));
    const { peer, name, known } = judgement;
    const rule = judgement.problem ?? (required && !isAmong(peer, clients) ? 'not-allowed' : undefined);
    if (rule !== undefined) {
      const where = {
        listener,
        rule,
        address: socket.remoteAddress,
        ...(name !== undefined && { peer: name }),
      };
      if (required) {
        this.o.logger.warn('tls-refused', where);
        this.o.onTls?.({ kind: 'refused', side: 'server', rule, ...this.#configured(name) });
        return undefined;
      }
      this.o.logger.info('tls-not-believed', where);
    }
    if (judgement.legacy) this.#legacy('server', known?.name, name);
    if (judgement.unbound && name !== undefined) {
      this.o.logger.warn('tls-peer-unbound', { listener, rule: judgement.unbound, peer: name });
      this.o.onTls?.({ kind: 'unbound', rule: judgement.unbound, peer: name });
    }
    return peer ? { peer } : {};
  }

  /** A handshake as server that came to nothing. */
  failed(error: unknown, listener: string, address: string | undefined): void {
    const rule = tlsRuleOf(error);
    // A connection that broke before it was one is nobody's fault: load balancers look in that way.
    if (rule === undefined) return this.o.logger.debug('tls-broken-off', { listener, address });
    this.o.logger.warn('tls-refused', { listener, rule, address });
    this.o.onTls?.({ kind: 'refused', side: 'server', rule });
  }

  /** What the server at a destination showed. @throws SipTransportError where it will not do */
  opened(socket: TLSSocket, destination: Destination, listener: string): TlsPeer | undefined {
    const judgement = judge(shownBy(socket), this.#trust(listener, destination));
    const expected = peerAt(destination, this.peers);
    const pinned = !expected || isPinned(expected, judgement.peer?.fingerprint256);
    const rule = judgement.problem ?? (pinned ? undefined : 'wrong-fingerprint');
    if (rule !== undefined) {
      const { transport, address, port } = destination;
      const text = `${transport} to ${address} port ${port}: ${rule}`;
      throw this.refused(new SipTransportError('tls', text, rule), destination);
    }
    if (judgement.legacy) this.#legacy('client', expected?.name, judgement.name);
    return judgement.peer;
  }

  /** Says why a connection of ours to a destination was not made, where TLS was the reason. Gives the error back. */
  refused<E>(error: E, destination: Destination): E {
    if (!(error instanceof SipTransportError) || error.rule === undefined) return error;
    const { rule } = error;
    const { transport, address, port, serverName } = destination;
    const peer = peerAt(destination, this.peers)?.name;
    const name = peer ?? serverName;
    this.o.logger.warn('tls-server-refused', {
      rule,
      transport,
      address,
      port,
      ...(name !== undefined && { peer: name }),
    });
    this.o.onTls?.({ kind: 'refused', side: 'client', rule, ...(peer !== undefined && { peer }) });
    return error;
  }

  #legacy(side: 'client' | 'server', peer: string | undefined, name: string | undefined): void {
    const shown = peer ?? name;
    this.o.logger.warn('tls-legacy-key', { side, ...(shown !== undefined && { peer: shown }) });
    this.o.onTls?.({ kind: 'legacy', side, ...(peer !== undefined && { peer }) });
  }

  #configured(name: string | undefined): { readonly peer?: string } {
    return name !== undefined && this.peers.some((peer) => peer.name === name) ? { peer: name } : {};
  }

  /** For a destination its own switches count, which are those of the peer it leads to. */
  #trust(listener: string, destination?: Destination): TlsTrust {
    const tls = this.optionsFor(listener);
    const authorities = this.#in(tls?.ca ?? '');
    const own = tls?.ownCa === undefined ? authorities : this.#in(tls.ownCa);
    const expected = destination && peerAt(destination, this.peers);
    return {
      authorities,
      own: new Set(own.map(({ fingerprint256 }) => fingerprint256)),
      peers: this.peers,
      ...(tls?.revoked && { revoked: tls.revoked }),
      legacyKeys: (tls?.legacyKeys ?? false) || expected?.legacy !== undefined,
    };
  }

  #in(pem: string): readonly X509Certificate[] {
    let found = this.#certificates.get(pem);
    if (!found) {
      // Each rotation brings a new text.
      if (this.#certificates.size >= 16) this.#certificates.clear();
      this.#certificates.set(pem, (found = certificatesIn(pem)));
    }
    return found;
  }
}

function isAmong(peer: TlsPeer | undefined, clients: readonly string[] | undefined): boolean {
  if (!clients) return true;
  const domains = peer ? sipIdentities({ uris: peer.sanUris, dns: peer.sanDns }) : [];
  return domains.some((domain) => clients.includes(domain));
}
