/** The method of a request as written. */
export function methodOf(request: Buffer): string {
  const space = request.indexOf(0x20);
  return request.toString('latin1', 0, Math.max(0, space));
}

/** The request with a Via line on top. */
export function withVia(request: Buffer, via: string): Buffer {
  const lineEnd = request.indexOf('\r\n') + 2;
  const text = `Via: ${via}\r\n`;
  const bytes = Buffer.allocUnsafe(request.length + text.length);
  request.copy(bytes, 0, 0, lineEnd);
  bytes.write(text, lineEnd, 'latin1');
  request.copy(bytes, lineEnd + text.length, lineEnd);
  return bytes;
}
