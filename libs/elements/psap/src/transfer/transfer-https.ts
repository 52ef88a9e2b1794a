import {
  type TransferPeer,
  maxTransferBytes,
  transferClient,
  transferPath,
  transferRoutes,
} from '@esinet/chat-transfer';
import type { Logger } from '@esinet/kernel';
import {
  type ElementOptions,
  type FastHandler,
  LOGGER,
  METRICS,
  type Metrics,
  type TlsOptions,
} from '@esinet/platform';
import type { PsapConfig } from '../config.js';
import { PsapService } from '../psap-service.js';

/** HTTP-3 for those who show a certificate (TS 103 698 6.3). */
export function transferHttps(config: PsapConfig, tls: TlsOptions): NonNullable<ElementOptions['secure']> {
  return {
    ...(config.transfer.listen ?? config.http),
    tls,
    maxBodyBytes: maxTransferBytes,
    // An answer waits for people, and for the APP.
    limits: { idleTimeoutMs: Math.max(config.transfer.answer, config.transfer.execution, 50_000) + 10_000 },
    routes: (get) => {
      const refused = get<Metrics>(METRICS).counter(
        'esinet_chat_transfer_refused_total',
        'HTTP-3 requests refused before anybody was asked',
        ['reason'],
      );
      const answer = transferRoutes(get(PsapService).desk.transferHandler, {
        agreements: config.transfer.agreements,
        logger: get<Logger>(LOGGER),
        onRefused: (reason) => refused.inc({ reason }),
      });
      const route: FastHandler = ({ path, method, headers, body, clientNames }) =>
        answer({ path, method, contentType: headers['content-type'], body, clientNames });
      return { [transferPath]: route };
    },
  };
}

/** How PSAPs elsewhere are asked. */
export function transferClientOf(tls: TlsOptions, config: PsapConfig): TransferPeer & { close(): void } {
  return transferClient({ tls, timeoutMs: config.transfer.timeout });
}
