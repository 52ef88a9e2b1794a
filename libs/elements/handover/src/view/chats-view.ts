import type { Clock, Logger } from '@esinet/kernel';
import { type RecordsReader, type TlsOptions, openPostgresView } from '@esinet/platform';
import type { HandoverConfig } from '../handover-config.js';
import { PullView } from './pull-view.js';

/** The chat service's records as the configuration says. */
export async function chatsView(
  { view }: Pick<HandoverConfig, 'view'>,
  o: { readonly tls: TlsOptions; readonly logger: Logger; readonly clock: Clock },
): Promise<RecordsReader> {
  if (view.kind === 'postgres') return openPostgresView(view, o);
  const { url, serverName, timeout } = view;
  return new PullView({ url, serverName, timeoutMs: timeout, tls: o.tls });
}
