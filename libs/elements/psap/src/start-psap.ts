import { type PlatformOptions, type RunningElement, type SipExtras, startElement } from '@esinet/platform';
import { prepareApi } from './api/prepare.js';
import type { PsapConfig } from './config.js';
import { psapModule } from './psap.module.js';

/** Starts the PSAPs of one process. @throws ListenError when a port cannot be had */
export function startPsap(
  config: PsapConfig,
  platform: PlatformOptions,
  o: SipExtras = {},
): Promise<RunningElement> {
  return startElement({
    name: 'psap',
    module: psapModule(config, o),
    http: config.http,
    platform,
    prepare: (app) => prepareApi(app, config),
  });
}
