/**
 * Whether a URL may be asked. A pattern is `host`, `host:port` or `host:*`, IPv6 in brackets, and may start with
 * `*.` for any name below a domain. Without a port it means the default port of the scheme. A URL with credentials
 * is never allowed: it disguises the host.
 */
export function isAllowedHost(url: URL, patterns: readonly string[]): boolean {
  if (url.username !== '' || url.password !== '') return false;
  const defaultPort = url.protocol === 'https:' ? '443' : '80';
  const port = url.port === '' ? defaultPort : url.port;
  return patterns.some((pattern) => {
    const { host, port: wanted } = splitPattern(pattern.trim().toLowerCase());
    if ((wanted ?? defaultPort) !== port && wanted !== '*') return false;
    if (host.startsWith('*.'))
      return url.hostname.endsWith(host.slice(1)) && url.hostname.length > host.length - 1;
    return url.hostname === host;
  });
}

function splitPattern(pattern: string): { host: string; port: string | undefined } {
  const colon = pattern.lastIndexOf(':');
  return colon > pattern.lastIndexOf(']') && colon > 0
    ? { host: pattern.slice(0, colon), port: pattern.slice(colon + 1) }
    : { host: pattern, port: undefined };
}
