/** Digits of the number of a message, and of its chat. */
const digits = 8;
const message = '#'.repeat(digits);
const chat = '%'.repeat(digits);

/** A message of a chat that runs (TS 103 698 6.2.3), to its PSAP by the public URI, with the marks of its numbers. */
function text(address: string, port: number): string {
  const body = 'I am at the door now.';
  return [
    'MESSAGE sip:madrid@esinet.lab SIP/2.0',
    `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bKbench${message};rport`,
    'Max-Forwards: 70',
    `From: <sip:caller${chat}@app.lab>;tag=${message}`,
    'To: <sip:madrid@esinet.lab>',
    `Call-ID: ${message}.bench@127.0.0.1`,
    'CSeq: 1 MESSAGE',
    `Call-Info: <urn:emergency:uid:callid:chat${chat}abcdefgh:app.lab>; purpose=EmergencyCallData.CallId`,
    `Call-Info: <urn:emergency:uid:msgid:2:app.lab>; purpose=EmergencyCallData.MsgId`,
    'Call-Info: <urn:emergency:uid:msgtype:259:app.lab>; purpose=EmergencyCallData.MsgType',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** Messages of running chats, made by writing numbers into one text. */
export class ChatTemplate {
  readonly #text: string;

  constructor(address: string, port: number) {
    this.#text = text(address, port);
  }

  make(number: number, chatNumber: number): Buffer {
    const hex = (n: number) => n.toString(16).padStart(digits, '0');
    return Buffer.from(
      this.#text.replaceAll(message, hex(number)).replaceAll(chat, hex(chatNumber)),
      'latin1',
    );
  }
}
