const METHODS =
  'INVITE ACK BYE CANCEL OPTIONS REGISTER MESSAGE INFO UPDATE PRACK SUBSCRIBE NOTIFY REFER PUBLISH'
    .split(' ')
    .map((name) => ({ name, octets: Buffer.from(name, 'latin1') }));

/** The method at `bytes[start, end)`, as sent. The usual ones cost no string. */
export function methodAt(bytes: Buffer, start: number, end: number): string {
  for (const { name, octets } of METHODS) {
    if (octets.length !== end - start) continue;
    let i = 0;
    while (i < octets.length && octets[i] === bytes[start + i]) i++;
    if (i === octets.length) return name;
  }
  return bytes.toString('latin1', start, end);
}
