import { type PlatformOptions, type RunningElement, startElement } from '@esinet/platform';
import type { PsapConfig } from './config.js';
import { psapModule } from './psap.module.js';

/** Starts the PSAPs of one process. @throws ListenError when a port cannot be had */
export function startPsap(config: PsapConfig, platform: PlatformOptions): Promise<RunningElement> {
  return startElement({ name: 'psap', module: psapModule(config), http: config.http, platform });
}
