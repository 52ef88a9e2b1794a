import {
  type HeaderEdit,
  type Parsed,
  type SipMessage,
  StreamFramer,
  bodyPartOf,
  buildResponse,
  checkForUserAgent,
  checkRequest,
  checkResponse,
  defaultBodyLimits,
  editMessage,
  parseDatagram,
  parseMediaType,
  parseNameAddr,
  parseUri,
  parseVia,
  readBodyParts,
  sameUri,
  unknownExtensions,
} from '@esinet/sip';

/** What the codec did wrong with these octets; undefined if nothing. Whatever it throws comes through. */
export function codecFault(bytes: Buffer, random: () => number): string | undefined {
  const parsed = parseDatagram(bytes);
  if (parsed.kind === 'keepalive') return undefined;
  const chunked = framingFault(bytes, random);
  if (chunked !== undefined) return chunked;
  if (parsed.kind === 'invalid') {
    if (parsed.status !== 0 && (parsed.status < 400 || parsed.status > 599)) return `status ${parsed.status}`;
    if (parsed.status === 0) return undefined;
    if (parsed.message === undefined) return 'an answer without a message to answer';
    readEverything(parsed.message);
    return answerFault(parsed.message);
  }
  const { message } = parsed;
  readEverything(message);
  return judgeFault(message) ?? answerFault(message) ?? partsFault(message) ?? editFault(message, random);
}

function readEverything(m: SipMessage): void {
  void [m.method, m.requestUri, m.version, m.reason, m.vias, m.topVia, m.cseq, m.callId, m.from, m.to];
  void [m.maxForwards, m.contentType, m.body];
  const names = new Set<string>();
  for (const { name, value } of m.headers) {
    const lower = name.toLowerCase();
    if (!names.has(lower)) {
      names.add(lower);
      m.values(name);
      m.headerLines(name);
    }
    parseVia(value);
    parseMediaType(value);
    const uri = parseNameAddr(value)?.uri ?? value;
    if (parseUri(uri) !== undefined) sameUri(uri, uri);
  }
}

function judgeFault(m: SipMessage): string | undefined {
  if (!m.isRequest) {
    checkResponse(m);
    return m.status < 100 || m.status > 699 ? `status ${m.status}` : undefined;
  }
  const flaw = checkRequest(m);
  if (flaw !== undefined && flaw.status !== 400 && flaw.status !== 505) return `checked to ${flaw.status}`;
  checkForUserAgent(m, { contentTypes: ['text/plain'] });
  unknownExtensions(m, 'Proxy-Require', []);
  return undefined;
}

function answerFault(m: SipMessage): string | undefined {
  if (!m.isRequest) return undefined;
  const answer = parseDatagram(buildResponse(m, 400, 'No\r\nX-Injected: 1', { toTag: 'fuzz', body: 'why' }));
  if (answer.kind === 'invalid' && answer.reason === 'Header Section Too Large') return undefined;
  if (answer.kind === 'invalid' && m.index.problem !== undefined) return undefined;
  if (answer.kind !== 'message') return `the answer does not read: ${JSON.stringify(answer)}`;
  if (answer.message.has('X-Injected')) return 'the answer has a header more';
  return m.index.problem !== undefined || answer.message.callId === m.callId
    ? undefined
    : 'the answer has another Call-ID';
}

function partsFault(m: SipMessage): string | undefined {
  const parts = readBodyParts(m);
  bodyPartOf(parts, 'cid:%zz');
  return parts.length > defaultBodyLimits.maxParts ? 'too many parts' : undefined;
}

const NAMES = ['Via', 'Route', 'To', 'Contact', 'Max-Forwards', 'Call-Info', 'X-Fuzz', 'Geolocation'];

function editFault(m: SipMessage, random: () => number): string | undefined {
  const same = editMessage(m, { edits: [] });
  if (!m.bytes.subarray(m.index.startLineStart).equals(same)) return 'no edits, yet other octets';
  const pick = (): string => NAMES[Math.floor(random() * NAMES.length)]!;

  const name = pick();
  const popped = parseDatagram(editMessage(m, { edits: [{ op: 'pop', name }] }));
  if (popped.kind !== 'message') return `pop ${name}: ${JSON.stringify(popped)}`;
  if (popped.message.values(name).join() !== m.values(name).slice(1).join())
    return `pop ${name} took something else`;

  const edits: HeaderEdit[] = [];
  const value = '<sip:new@fuzz.example;lr>\r\nX-Injected: 1';
  for (let i = 1 + Math.floor(random() * 5); i > 0; i--) {
    const op = (['set', 'remove', 'prepend', 'append', 'pop', 'replace-first'] as const)[
      Math.floor(random() * 6)
    ]!;
    edits.push(op === 'remove' || op === 'pop' ? { op, name: pick() } : { op, name: pick(), value });
  }
  edits.push({ op: 'set', name: 'X-Last', value: 'last' });
  const once = editMessage(m, { requestUri: 'sip:new uri\r\n@fuzz.example', edits });
  const again = parseDatagram(once);
  if (again.kind === 'invalid' && again.status === 513) return undefined;
  if (again.kind !== 'message') return `edited: ${JSON.stringify({ edits, reason: again })}`;
  if (again.message.has('X-Injected') && !m.has('X-Injected')) return 'an edit injected a header';
  if (again.message.header('x-last') !== 'last') return 'the last edit is missing';
  if (!again.message.body.equals(m.body)) return 'an edit changed the body';
  if (m.isRequest && again.message.requestUri !== 'sip:newuri@fuzz.example')
    return 'the Request-URI is another';
  const twice = editMessage(again.message, { edits: [] });
  if (!twice.equals(once)) return 'reading and writing again gives other octets';
  let oneByOne = m;
  for (const edit of edits) {
    const next = parseDatagram(editMessage(oneByOne, { edits: [edit] }));
    if (next.kind !== 'message') return undefined;
    oneByOne = next.message;
  }
  const together = again.message.headers.map((header) => `${header.name}:${header.value}`).join('\n');
  const apart = oneByOne.headers.map((header) => `${header.name}:${header.value}`).join('\n');
  return together === apart
    ? undefined
    : `edits together differ from edits one by one: ${JSON.stringify(edits)}`;
}

/** RFC 3261 18.3: where the stream is cut into chunks makes no difference. */
function framingFault(bytes: Buffer, random: () => number): string | undefined {
  const whole = new StreamFramer();
  const atOnce = whole.push(bytes);
  const pieces = new StreamFramer();
  const piecewise: Parsed[] = [];
  for (let at = 0; at < bytes.length;) {
    const next = at + 1 + Math.floor(random() * random() * 600);
    piecewise.push(...pieces.push(bytes.subarray(at, next)));
    at = next;
  }
  const kinds = (all: readonly Parsed[]): string => all.map((parsed) => parsed.kind).join();
  if (whole.broken !== pieces.broken || kinds(atOnce) !== kinds(piecewise))
    return `in one: ${kinds(atOnce)} ${whole.broken}; in pieces: ${kinds(piecewise)} ${pieces.broken}`;
  for (let i = 0; i < atOnce.length; i++) {
    const a = atOnce[i]!;
    const b = piecewise[i]!;
    if (a.kind === 'message' && b.kind === 'message' && !a.message.bytes.equals(b.message.bytes))
      return 'a message in pieces has other octets';
  }
  return undefined;
}
