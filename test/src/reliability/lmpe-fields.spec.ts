import { randomIds } from '@esinet/kernel';
import { readIdentifiers } from '@esinet/lmpe';
import { writePidfLo } from '@esinet/location';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { Traveller, type Travelling, bodyOf, callIdOf, identify } from '../travels/traveller.js';

interface ShownMessage {
  readonly direction: string;
  readonly messageId?: number;
  readonly messageType?: number;
  readonly text?: string;
  readonly problems?: readonly string[];
  readonly marks?: readonly string[];
}

interface ShownChat {
  readonly chat: string;
  readonly callId: string;
  readonly centre: string;
  readonly sender: string;
  readonly messages: readonly ShownMessage[];
}

let lab: Lab;
let api: string;
let caller: Traveller;
beforeAll(async () => {
  lab = await startLab();
  api = `http://127.0.0.1:${lab.port(15_090)}/api`;
  caller = await Traveller.open(lab.port(15_060));
}, 60_000);
afterAll(async () => {
  await caller.close();
  await lab.close();
});

/** The newest chat of a caller with a message that says this, as call takers see it. */
async function shown(sender: string, words: string): Promise<{ chat: ShownChat; message: ShownMessage }> {
  return until(async () => {
    const { chats } = (await (await fetch(`${api}/chats?limit=200`)).json()) as { chats: ShownChat[] };
    for (const { chat: id } of chats.filter((c) => c.sender === sender)) {
      const chat = (await (await fetch(`${api}/chats/${id}`)).json()) as ShownChat;
      const message = chat.messages.find((m) => m.direction === 'in' && m.text?.includes(words) === true);
      if (message) return { chat, message };
    }
    return undefined;
  });
}

const info = (uri: string, purpose: string): [string, string] => ['Call-Info', `<${uri}>;purpose=${purpose}`];
const msgId = (value: string | number): [string, string] =>
  info(`urn:emergency:service:uid:msgid:${value}:app.lab`, 'EmergencyCallData.MsgId');
const msgType = (value: string | number): [string, string] =>
  info(`urn:emergency:service:uid:msgtype:${value}:app.lab`, 'EmergencyCallData.MsgType');
const callIdInfo = (uri: string): [string, string] => info(uri, 'EmergencyCallData.CallId');

/** Identifiers of a start; `c` is a Call Identifier of its own for each row. */
type Row = readonly [what: string, headers: (c: string) => [string, string][], problems: readonly string[]];

const fine = { callId: (c: string) => callIdInfo(c), messageId: msgId(1), messageType: msgType(257) };
const { messageId, messageType } = fine;
const others = (c: string, ...headers: [string, string][]): [string, string][] => [
  fine.callId(c),
  ...headers,
];
const long = 'x'.repeat(300);

const rows: readonly Row[] = [
  ['nothing wrong', (c) => others(c, messageId, messageType), []],
  ['every identifier absent', () => [], ['no message type']],
  // The border gives one to a message that brings none.
  ['Call Identifier absent', () => [messageId, messageType], []],
  ['Message Identifier absent', (c) => others(c, messageType), ['no message identifier']],
  ['Message Type absent', (c) => others(c, messageId), ['no message type']],

  ['Call Identifier doubled, the same', (c) => others(c, fine.callId(c), messageId, messageType), []],
  ['Call Identifier doubled, another', (c) => others(c, callIdInfo(`${c}2`), messageId, messageType), ['callId: given twice, first one taken']],
  ['Message Identifier doubled, another', (c) => others(c, messageId, msgId(7), messageType), ['messageId: given twice, first one taken']],
  ['Message Type doubled, another', (c) => others(c, messageId, messageType, msgType(258)), ['messageType: given twice, first one taken']],
  ['all doubled in one line', (c) => [['Call-Info', [...others(c, messageId, messageType), ...others(c, messageId, messageType)].map(([, v]) => v).join(', ')]], []],

  ['Call Identifier oversized', () => [callIdInfo(`urn:emergency:uid:callid:${long}:app.lab`), messageId, messageType], ['callId: given twice, first one taken']],
  ['unique part of the Call Identifier too long', () => [callIdInfo(`urn:emergency:uid:callid:${'a'.repeat(60)}:app.lab`), messageId, messageType], ['callId: unique part too long']],
  ['unique part of the Call Identifier too short', () => [callIdInfo(`urn:emergency:uid:callid:ab${randomIds.token(2)}:app.lab`), messageId, messageType], ['callId: unique part too short']],
  ['Message Identifier oversized', (c) => others(c, msgId('9'.repeat(40)), messageType), ['messageId: not a number of the range', 'no message identifier']],
  ['Message Identifier longer than any URN', (c) => others(c, msgId(long), messageType), ['messageId: too long', 'no message identifier']],
  ['Message Type oversized', (c) => others(c, messageId, msgType(65_793)), ['messageType: not a number of the range', 'no message type']],
  ['Message Type longer than any URN', (c) => others(c, messageId, msgType(long)), ['messageType: too long', 'no message type']],

  ['Call Identifier of no URN', () => [callIdInfo('https://app.lab/1'), messageId, messageType], ['callId: unknown prefix']],
  ['Call Identifier with blanks', () => [callIdInfo('urn:emergency:uid:callid:a b:app.lab'), messageId, messageType], ['callId: given twice, first one taken']],
  ['Call Identifier empty', () => [callIdInfo(''), messageId, messageType], ['callId: given twice, first one taken']],
  ['Call Identifier without a unique part', () => [callIdInfo('urn:emergency:uid:callid::app.lab'), messageId, messageType], ['callId: given twice, first one taken']],
  ['Call Identifier without an element', (c) => [callIdInfo(c.slice(0, c.lastIndexOf(':'))), messageId, messageType], ['callId: no element']],
  ['Message Identifier a word', (c) => others(c, msgId('one'), messageType), ['messageId: not a number of the range', 'no message identifier']],
  ['Message Identifier 0', (c) => others(c, msgId(0), messageType), ['messageId: starts at 1']],
  ['Message Identifier negative', (c) => others(c, msgId(-1), messageType), ['messageId: not a number of the range', 'no message identifier']],
  ['Message Identifier a fraction', (c) => others(c, msgId('1.5'), messageType), ['messageId: not a number of the range', 'no message identifier']],
  ['Message Type a word', (c) => others(c, messageId, msgType('start')), ['messageType: not a number of the range', 'no message type']],
  ['Message Type hexadecimal', (c) => others(c, messageId, msgType('0x101')), ['messageType: not a number of the range', 'no message type']],
  ['Message Type of another version', (c) => others(c, messageId, msgType(513)), []],
  ['Message Type unknown', (c) => others(c, messageId, msgType(256)), []],
  ['Message Type reserved', (c) => others(c, messageId, msgType(448)), []],
  ['Message Type that only a PSAP sends', (c) => others(c, messageId, msgType(266)), []],
  ['Message Type of a transferee', (c) => others(c, messageId, msgType(265)), []],
  ['Message Type in-chat without a start', (c) => others(c, messageId, msgType(259)), []],

  ['types and identifiers exchanged', (c) => others(c, info('urn:emergency:service:uid:msgtype:257:app.lab', 'EmergencyCallData.MsgId'), info('urn:emergency:service:uid:msgid:1:app.lab', 'EmergencyCallData.MsgType')), ['messageId: unknown prefix', 'messageType: unknown prefix', 'no message type']],
  ['purposes in capitals', (c) => [info(c, 'EMERGENCYCALLDATA.CALLID'), info('urn:emergency:service:uid:msgid:1:x', 'EmergencyChatData.MSGID'), messageType], []],
  ['purpose in quotes, not the first parameter', (c) => [['Call-Info', `<${c}>;x=y;purpose="EmergencyCallData.CallId"`], messageId, messageType], []],
  ['no angle brackets', (c) => [['Call-Info', `${c};purpose=EmergencyCallData.CallId`], messageId, messageType], []],
  ['angle bracket not closed', (c) => [['Call-Info', `<${c};purpose=EmergencyCallData.CallId`], messageId, messageType], []],
  ['purpose unknown', (c) => [info(c, 'EmergencyCallData.Call'), messageId, messageType], ['additional data: a reference that cannot be fetched']],
  ['purpose missing', (c) => [['Call-Info', `<${c}>`], messageId, messageType], []],
  ['a hundred strange Call-Info', (c) => [...Array.from({ length: 100 }, (_, i) => info(`https://x/${i}`, 'icon')), ...others(c, messageId, messageType)], []],
  ['DID of no scheme', (c) => [...others(c, messageId, messageType), info('not a did', 'EmergencyCallData.DID')], ['did: not a URI']],
  ['additional data that is nowhere', (c) => [...others(c, messageId, messageType), info('cid:nowhere@x', 'EmergencyCallData.Comment')], ['additional data: names no part of the body']],
  ['additional data behind a strange scheme', (c) => [...others(c, messageId, messageType), info('file:///etc/passwd', 'EmergencyCallData.Comment')], ['additional data: a reference that cannot be fetched']],
]; // prettier-ignore

describe('a start with', () => {
  it.each(rows)(
    '%s: the text reaches a call taker with the mark of what was wrong',
    { meta: { clause: ['TS 103 698 6.1.2.7', 'TS 103 698 6.2.2'] } },
    async (what, headers, problems) => {
      const words = `help: ${what}`;
      // A caller of its own: a chat without a Call Identifier goes on with the next such message.
      const from = `sip:${randomIds.token(12)}@app.lab`;
      const answer = await caller.send({
        from,
        contentType: 'text/plain; charset=utf-8',
        body: words,
        headers: headers(callIdOf(randomIds.token(20))),
      });
      expect(answer.status).toBe(200);
      const { chat, message } = await shown(from, words);
      expect(message.problems ?? []).toEqual(problems);
      // Somebody answers, and says where the chat goes on.
      const greeting = await until(() => caller.received.find((m) => m.requestUri === from));
      expect(readIdentifiers(greeting.values('Call-Info'))).toMatchObject({ messageType: 257, callId: chat.callId });
      expect(greeting.header('Reply-To')).toBe('sip:default@esinet.lab');
    },
  ); // prettier-ignore
});

interface Bad {
  readonly what: string;
  readonly message: (c: string) => Travelling;
  readonly problems: readonly string[];
  readonly centre?: string;
}

const place = writePidfLo({
  entity: 'sip:ana@app.lab',
  shape: { type: 'point', position: [-3.7038, 40.4168] },
  timestamp: '2026-01-01T00:00:00Z',
  retentionExpiry: '2026-01-02T00:00:00Z',
});
const start = (c: string, ...more: [string, string][]): [string, string][] => [
  ...others(c, messageId, messageType),
  ...more,
];
const words = 'help me, please';
const said = { type: 'text/plain; charset=utf-8', body: words };
const pidf = (body: string, id = 'loc@x') => ({ type: 'application/pidf+xml', id, body });

const bodies: readonly Bad[] = [
  { what: 'Geolocation absent, the location in the body', message: (c) => ({ ...bodyOf(said, pidf(place)), headers: start(c) }), problems: [], centre: 'madrid' },
  { what: 'Geolocation of no URI', message: (c) => ({ ...bodyOf(said, pidf(place)), headers: start(c, ['Geolocation', 'here']) }), problems: ['geolocation cannot be read'], centre: 'madrid' },
  { what: 'Geolocation that names nothing', message: (c) => ({ ...bodyOf(said), headers: start(c, ['Geolocation', '<cid:loc@x>']) }), problems: ['geolocation names no part of the body'] },
  { what: 'Geolocation that names the text', message: (c) => ({ ...bodyOf({ ...said, id: 'loc@x' }), headers: start(c, ['Geolocation', '<cid:loc@x>']) }), problems: ['geolocation names no part of the body'] },
  { what: 'Content-ID doubled', message: (c) => ({ ...bodyOf(said, pidf(place), pidf(place.replace('40.4168', '10'))), headers: start(c, ['Geolocation', '<cid:loc@x>']) }), problems: [], centre: 'madrid' },
  { what: 'a location cut off', message: (c) => ({ ...bodyOf(said, pidf(place.slice(0, 200))), headers: start(c, ['Geolocation', '<cid:loc@x>']) }), problems: ['location: xml'] },
  { what: 'a location cut off before a good one', message: (c) => ({ ...bodyOf(said, pidf('<x', 'a@x'), pidf(place, 'b@x')), headers: start(c, ['Geolocation', '<cid:a@x>, <cid:b@x>']) }), problems: ['location: xml'], centre: 'madrid' },
  { what: 'a location with a DOCTYPE', message: (c) => ({ ...bodyOf(said, pidf(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${place}`)), headers: start(c, ['Geolocation', '<cid:loc@x>']) }), problems: ['location: xml'] },
  { what: 'a location of numbers that are none', message: (c) => ({ ...bodyOf(said, pidf(place.replace('40.4168', '4e99'))), headers: start(c, ['Geolocation', '<cid:loc@x>']) }), problems: ['location: range'] },
  { what: 'a location without a place', message: (c) => ({ ...bodyOf(said, pidf('<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="x"/>')), headers: start(c, ['Geolocation', '<cid:loc@x>']) }), problems: ['location: no-location'] },
  { what: 'a location reference of a strange scheme', message: (c) => ({ ...bodyOf(said), headers: start(c, ['Geolocation', '<ftp://x/y>']) }), problems: [] },
  { what: 'a location reference to inside', message: (c) => ({ ...bodyOf(said), headers: start(c, ['Geolocation', '<http://169.254.169.254/latest/meta-data>']) }), problems: [] },
  { what: 'no Content-Type', message: (c) => ({ body: words, headers: start(c) }), problems: [] },
  { what: 'a Content-Type that is none', message: (c) => ({ body: words, contentType: ';;;', headers: start(c) }), problems: [] },
  { what: 'another Content-Type', message: (c) => ({ body: words, contentType: 'text/html', headers: start(c) }), problems: ['text: sent as text/html'] },
  { what: 'another charset', message: (c) => ({ body: Buffer.from(words, 'utf16le'), contentType: 'text/plain; charset=utf-16le', headers: start(c) }), problems: [] },
  { what: 'a charset nobody knows', message: (c) => ({ body: words, contentType: 'text/plain; charset=ebcdic-xyz', headers: start(c) }), problems: ['text: unknown charset'] },
  { what: 'a multipart without its boundary', message: (c) => ({ body: `--b\r\nContent-Type: text/plain\r\n\r\n${words}\r\n--b--`, contentType: 'multipart/mixed', headers: start(c) }), problems: ['body: multipart without its boundary'] },
  { what: 'a multipart of another boundary', message: (c) => ({ body: `--b\r\nContent-Type: text/plain\r\n\r\n${words}\r\n--b--`, contentType: 'multipart/mixed; boundary=c', headers: start(c) }), problems: ['body: multipart of another boundary'] },
  { what: 'a multipart cut off', message: (c) => ({ body: `--b\r\nContent-Type: text/plain\r\n\r\n${words}`, contentType: 'multipart/mixed; boundary=b', headers: start(c) }), problems: [] },
  { what: 'sixty parts', message: (c) => ({ ...bodyOf(said, ...Array.from({ length: 60 }, () => ({ type: 'image/png', body: 'x' }))), headers: start(c) }), problems: [] },
  { what: 'two texts', message: (c) => ({ ...bodyOf(said, { type: 'text/plain', body: 'and more' }), headers: start(c) }), problems: [] },
  { what: 'a Reply-To of no URI', message: (c) => ({ ...bodyOf(said), headers: start(c, ['Reply-To', '<<<']) }), problems: [] },
]; // prettier-ignore

describe('a body or location with', () => {
  it.each(bodies)(
    '$what: the text reaches a call taker',
    { meta: { clause: ['TS 103 698 6.1.2.8', 'RFC 6442 4.2', 'RFC 5621 3'] } },
    async ({ message, problems, centre }) => {
      const from = `sip:${randomIds.token(12)}@app.lab`;
      const answer = await caller.send({ from, ...message(callIdOf(randomIds.token(20))) });
      expect(answer.status).toBe(200);
      const found = await shown(from, words);
      expect(found.message.problems ?? []).toEqual(problems);
      expect(found.chat.centre).toBe(centre ?? 'default');
    },
  );
});

describe('within a chat', () => {
  async function chat(): Promise<{ callId: string; from: string; replyTo: string }> {
    const callId = callIdOf(randomIds.token(20));
    const from = `sip:${randomIds.token(12)}@app.lab`;
    const answer = await caller.send({
      from,
      contentType: 'text/plain',
      body: 'start',
      headers: identify(callId, 257, 1),
    });
    expect(answer.status).toBe(200);
    const greeting = await until(() => caller.received.find((m) => m.requestUri === from));
    return { callId, from, replyTo: greeting.header('Reply-To') ?? '' };
  }

  const within: [string, (c: string) => [string, string][], readonly string[]][] = [
    ['the identifiers of the start once more', (c) => identify(c, 259, 1), []],
    ['a Message Identifier far ahead', (c) => identify(c, 259, 9_000_000_000_000_000), []],
    ['no Message Identifier', (c) => identify(c, 259), ['no message identifier']],
    ['no Message Type', (c) => [callIdInfo(c), msgId(2)], ['no message type']],
    ['a Message Type of a PSAP', (c) => identify(c, 266, 2), []],
    ['a Message Type of the future', (c) => identify(c, 1_023, 2), []],
    ['a heartbeat that has something to say', (c) => identify(c, 260), []],
    ['a stop with last words', (c) => identify(c, 258, 2), []],
    ['a start once more', (c) => identify(c, 257, 2), []],
    ['a redirected start', (c) => identify(c, 273, 2), []],
  ];
  it.each(within)(
    '%s: the text is in the chat',
    { meta: { clause: ['TS 103 698 6.1.2.7', 'TS 103 698 6.2.3'] } },
    async (what, headers, problems) => {
      const { callId, from, replyTo } = await chat();
      const body = `then: ${what}`;
      const answer = await caller.send({
        uri: replyTo,
        from,
        contentType: 'text/plain',
        body,
        headers: headers(callId),
      });
      expect(answer.status).toBe(200);
      const found = await shown(from, body);
      expect(found.chat.callId).toBe(callId);
      expect(found.message.problems ?? []).toEqual(problems);
    },
  );

  it(
    'the Call Identifier of another chat: neither is mixed up with the other',
    { meta: { clause: ['TS 103 698 6.1.2.7', 'TS 103 698 6.2.3'] } },
    async () => {
      const mine = await chat();
      const theirs = await chat();
      const start = await caller.send({
        from: mine.from,
        contentType: 'text/plain',
        body: 'a start under the identifier of another',
        headers: identify(theirs.callId, 257, 1),
      });
      expect(start.status).toBe(200);
      const own = await shown(mine.from, 'under the identifier of another');
      expect(own.chat.sender).toBe(mine.from);
      const other = await shown(theirs.from, 'start');
      expect(other.chat.chat).not.toBe(own.chat.chat);
      expect(other.chat.messages.map(({ text }) => text)).not.toContain('a start under the identifier of another');
      // In the middle of it nobody knows whose it is: it is shown, under the name of its sender.
      const answer = await caller.send({
        uri: theirs.replyTo,
        from: 'sip:somebody-else@app.lab',
        contentType: 'text/plain',
        body: 'a stranger in the chat',
        headers: identify(theirs.callId, 259, 2),
      });
      expect(answer.status).toBe(200);
      const strange = await until(async () => {
        for (const { chat: id } of [own.chat, other.chat]) {
          const found = (await (await fetch(`${api}/chats/${id}`)).json()) as {
            messages: { text?: string; sender: string }[];
          };
          const message = found.messages.find(({ text }) => text === 'a stranger in the chat');
          if (message) return message;
        }
        return undefined;
      });
      expect(strange.sender).toBe('sip:somebody-else@app.lab');
    },
  ); // prettier-ignore
});

describe('what cannot be answered or taken gets the error of its RFC', () => {
  const rows: [string, Travelling, number, string][] = [
    ['a text that is too long', { body: 'x'.repeat(65_537), contentType: 'text/plain' }, 413, 'RFC 3261 21.4.11'],
    ['a packed body', { body: 'x', contentType: 'text/plain', headers: [['Content-Encoding', 'gzip']] }, 415, 'RFC 3261 8.2.3'],
    ['an extension nobody has', { body: 'x', headers: [['Require', 'x-magic']] }, 420, 'RFC 3261 8.2.2.3'],
    ['a centre that is none', { body: 'x', uri: 'sip:nobody@elsewhere.example' }, 404, 'RFC 3261 8.2.2.1'],
    ['a bad alert and nothing else', { body: '<alert', contentType: 'application/EmergencyCallData.cap+xml' }, 425, 'RFC 8876 5.1'],
  ]; // prettier-ignore
  it.each(rows)('%s', { meta: { clause: ['RFC 3261 8.2', 'RFC 8876 5.1'] } }, async (_, message, status) => {
    const answer = await caller.send({
      ...message,
      headers: [
        ...(status === 425 ? [] : identify(callIdOf(randomIds.token(20)), 257, 1)),
        ...(message.headers ?? []),
      ],
    });
    expect(answer.status).toBe(status);
    if (status === 415) expect(answer.message.header('Accept-Encoding')).toBe('identity');
    if (status === 420) expect(answer.message.header('Unsupported')).toBe('x-magic');
  });
});
