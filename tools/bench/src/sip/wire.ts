const carriedBack = ['via', 'from', 'to', 'call-id', 'cseq', 'v', 'f', 't', 'i'];

/** The 200 of a request: its Via, From, To, Call-ID and CSeq lines as they came. */
export function answerOk(request: Buffer): Buffer {
  const end = request.indexOf('\r\n\r\n');
  const lines = request.toString('latin1', 0, end).split('\r\n');
  const kept = lines.filter(
    (line, index) => index > 0 && carriedBack.includes(line.slice(0, line.indexOf(':')).toLowerCase()),
  );
  return Buffer.from(`SIP/2.0 200 OK\r\n${kept.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, 'latin1');
}

/** Splits a stream into messages by Content-Length; both ends are known, so nothing here is defensive. */
export function framer(onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      while (rest.length >= 2 && rest[0] === 13 && rest[1] === 10) rest = rest.subarray(2);
      const head = rest.indexOf('\r\n\r\n');
      if (head < 0) return;
      const found = /\r\nContent-Length: *(\d+)/i.exec(rest.toString('latin1', 0, head + 2));
      const total = head + 4 + Number(found?.[1] ?? 0);
      if (rest.length < total) return;
      onMessage(rest.subarray(0, total));
      rest = rest.subarray(total);
    }
  };
}
