/**
 * The same configuration with every port moved by `offset`: numbers under `port` or the name of a transport, ports in `udp:127.0.0.1:15070` and in
 * `http://127.0.0.1:15222/lost`. Two labs can run on one machine that way, and a test gets one of its own.
 */
export function shiftPorts<T>(value: T, offset: number): T {
  return offset === 0 ? value : (shift(value, offset, '') as T);
}

/** Keys whose numbers are ports. */
const portKeys = new Set(['port', 'udp', 'tcp', 'tls', 'ws', 'wss']);

function shift(value: unknown, offset: number, key: string): unknown {
  if (typeof value === 'number') return portKeys.has(key) && value > 0 ? value + offset : value;
  if (typeof value === 'string') return shiftText(value, offset);
  if (Array.isArray(value)) return value.map((member) => shift(member, offset, key));
  if (isPlain(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, shift(member, offset, name)]),
    );
  }
  return value;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

const loopback = '127.0.0.1:';

/** Only addresses on this machine move: the rest of the world stays where it is. */
function shiftText(text: string, offset: number): string {
  const at = text.indexOf(loopback);
  if (at < 0) return text;
  const start = at + loopback.length;
  let end = start;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
  if (end === start) return text;
  return (
    text.slice(0, start) +
    String(Number(text.slice(start, end)) + offset) +
    shiftText(text.slice(end), offset)
  );
}
