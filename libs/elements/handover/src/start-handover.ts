import {
  type ElementOptions,
  type PlatformOptions,
  type RecordsReader,
  type RunningElement,
  type TlsOptions,
  startElement,
} from '@esinet/platform';
import { deskRoutes } from './api/desk-routes.js';
import type { HandoverConfig } from './handover-config.js';
import type { HandoverElement } from './handover-element.js';
import { withDeskTls } from './desk-tls.js';
import { HANDOVER, handoverModule } from './handover.module.js';
import { publicSide } from './public/public-side.js';

export interface HandoverExtras {
  /** The identity of the hand-over, of its own: authorities see that data comes from inside the domain. */
  readonly tls?: TlsOptions;
  /** Where chats are read, in place of `handover.view`. */
  readonly chats?: RecordsReader;
}

/**
 * Starts the hand-over: the desk on `handover.http`, the side of authorities on `handover.public`.
 *
 * @throws ListenError when a port cannot be had, RecordsError, or Error with a sentence for the operator
 */
export async function startHandover(
  config: HandoverConfig,
  platform: PlatformOptions,
  { tls, chats }: HandoverExtras = {},
): Promise<RunningElement> {
  if (!tls) throw new Error('handover needs a certificate of its own; set pki.folder');
  const { dataFolder } = platform;
  if (dataFolder === undefined && config.vault.folder === undefined) {
    throw new Error('handover has no folder for the keys of cases; set handover.vault.folder');
  }
  const options: ElementOptions = {
    name: 'handover',
    module: handoverModule(config, { tls, dataFolder: dataFolder ?? '', chats }),
    http: { ...config.http, limits: { maxBodyBytes: config.limits.bodyBytes } },
    platform,
    fastRoutes: (get) => deskRoutes({ element: get<HandoverElement>(HANDOVER) }),
    secure: publicSide(config, tls, (get) => get<HandoverElement>(HANDOVER).publicRoutes()),
  };
  return startElement(withDeskTls(options, config, tls));
}
