import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from 'nats';
import type { TlsOptions } from '../pki/tls-options.js';
import type { NatsConfig } from './bus-config.js';

/**
 * What each connection is made with, asked for anew each time: a certificate that was exchanged is shown from the next
 * connection on.
 *
 * @throws with a sentence for the operator when it cannot work
 */
export function natsOptions(
  config: NatsConfig,
  o: { readonly instance: string; readonly tls: TlsOptions | undefined },
): () => Omit<ConnectionOptions, 'servers'> {
  const authenticator = authenticatorOf(config);
  const tls = tlsOf(config, o.tls);
  return () => ({
    name: config.name ?? o.instance,
    // Each connection is one attempt; who holds it makes the next.
    reconnect: false,
    timeout: config.connectTimeout,
    resolve: false,
    noAsyncTraces: true,
    ...(authenticator && { authenticator }),
    ...(config.user !== undefined && { user: config.user, pass: config.password ?? '' }),
    ...(tls && { tls: tls() }),
  });
}

function authenticatorOf({ nkeySeed, credentials }: NatsConfig) {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (nkeySeed !== undefined) {
    const made = nkeyAuthenticator(bytes(nkeySeed));
    tryIt(() => made('nonce'), 'bus.nkeySeed is no seed of an NKEY: its check sum is wrong');
    return made;
  }
  if (credentials !== undefined) {
    const made = credsAuthenticator(bytes(credentials));
    tryIt(() => made('nonce'), 'bus.credentials are not those of a NATS user: a JWT and a seed are expected');
    return made;
  }
  return undefined;
}

function tryIt(work: () => unknown, sentence: string): void {
  try {
    work();
  } catch {
    throw new Error(sentence);
  }
}

function tlsOf({ tls, servers }: NatsConfig, own: TlsOptions | undefined) {
  const wanted = tls !== false || servers.some((server) => server.startsWith('tls:'));
  if (!wanted) return undefined;
  const { ca = undefined, certificate = true } = typeof tls === 'object' ? tls : {};
  if (ca === undefined && !own) {
    throw new Error('bus.tls needs a certificate of the element or a ca: set pki.folder, or bus.tls.caFile');
  }
  return () => ({
    ca: ca ?? own?.ownCa ?? own?.ca ?? '',
    ...(certificate && own && { cert: own.cert, key: own.key }),
    minVersion: 'TLSv1.2',
    ciphers: 'DEFAULT@SECLEVEL=2',
  });
}
