import { type PlatformOptions, type RunningElement, type SipExtras, startElement } from '@esinet/platform';
import { prepareApi } from './api/prepare.js';
import type { PsapConfig } from './config.js';
import { psapModule } from './psap.module.js';
import { recordsViewSide } from './records-view.js';
import { transferHttps } from './transfer/transfer-https.js';

/**
 * Starts the PSAPs of one process. With a certificate HTTP-3 is served, at `psap.transfer.listen` or, for those who begin
 * with TLS, at the port of the REST interface. @throws ListenError when a port cannot be had
 */
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
    ...(o.tls && { secure: transferHttps(config, o.tls) }),
    ...(config.recordsView && { also: [recordsViewSide(config.recordsView, viewTls(o.tls))] }),
  });
}

function viewTls(tls: SipExtras['tls']): NonNullable<SipExtras['tls']> {
  if (!tls) throw new Error('psap.recordsView needs a certificate; set pki.folder');
  return tls;
}
