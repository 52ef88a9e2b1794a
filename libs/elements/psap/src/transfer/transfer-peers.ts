import {
  type Agreement,
  type ExecutionRequest,
  type ExecutionResponse,
  type NegotiationRequest,
  type NegotiationResponse,
  type TransferHandler,
  type TransferPeer,
  isFinalFailure,
} from '@esinet/chat-transfer';
import { type Logger, messageOf } from '@esinet/kernel';

/** An answer of the other PSAP, or that there is none: `final` if there never will be one. */
export type PeerAnswer<T> = { readonly answer: T } | { readonly answer?: undefined; readonly final: boolean };

/** Whom a transfer goes to: a PSAP elsewhere, or another centre of this process, which is asked without HTTP. */
export class TransferPeers {
  /** Under which our own centres deal with each other. */
  readonly own: Agreement;

  constructor(
    private readonly o: {
      /** Undefined where this process has no certificate. */
      readonly client: TransferPeer | undefined;
      readonly handler: () => TransferHandler;
      readonly domains: readonly string[];
      readonly logger: Logger;
    },
  ) {
    this.own = {
      name: 'own centres',
      uris: o.domains.map((domain) => `sip:*@${domain}`),
      url: '',
      may: ['transfer', 'redirect', 'receive'],
    };
  }

  async negotiate(peer: Agreement, request: NegotiationRequest): Promise<PeerAnswer<NegotiationResponse>> {
    try {
      if (peer === this.own) return { answer: await this.o.handler().negotiate(request, peer) };
      const answer = await this.o.client?.negotiate(peer.url, request, peer);
      return this.#read(answer, peer);
    } catch (error) {
      return this.#failed(error, peer);
    }
  }

  async execute(peer: Agreement, request: ExecutionRequest): Promise<PeerAnswer<ExecutionResponse>> {
    try {
      if (peer === this.own) {
        const answer = await this.o.handler().execute(request, peer);
        return answer ? { answer } : { final: false };
      }
      return this.#read(await this.o.client?.execute(peer.url, request, peer), peer);
    } catch (error) {
      return this.#failed(error, peer);
    }
  }

  #read<T>(
    answer: Awaited<ReturnType<TransferPeer['negotiate']>> | undefined,
    peer: Agreement,
  ): PeerAnswer<T>;
  #read<T>(answer: Awaited<ReturnType<TransferPeer['execute']>> | undefined, peer: Agreement): PeerAnswer<T>;
  #read<T>(
    answer:
      | { readonly ok: true; readonly value: unknown }
      | { readonly ok: false; readonly error: Parameters<typeof isFinalFailure>[0] }
      | undefined,
    peer: Agreement,
  ): PeerAnswer<T> {
    if (!answer) {
      this.o.logger.error('transfer not possible', { peer: peer.name, reason: 'no certificate' });
      return { final: true };
    }
    if (answer.ok) return { answer: answer.value as T };
    this.o.logger.warn('transfer peer failed', { peer: peer.name, reason: answer.error.code });
    return { final: isFinalFailure(answer.error) };
  }

  #failed(error: unknown, peer: Agreement): { readonly final: boolean } {
    this.o.logger.warn('transfer peer failed', { peer: peer.name, reason: messageOf(error) });
    return { final: false };
  }
}
