import { buildRequest } from '@esinet/sip';
import type { SipSocket } from './sip-socket.js';

const answerMs = 5_000;
const chat = 'afterthefuzzingeverythingworks';

/** A start as it should be must still be answered 200, and the PSAP's own start must come (TS 103 698 6.2.2). */
export async function properStart(own: SipSocket, bcf: number): Promise<string[]> {
  const faults: string[] = [];
  let started: () => void = () => undefined;
  const start = new Promise<void>((resolve) => (started = resolve));
  own.onRequest = (request) => {
    const values = request.values('Call-Info');
    if (values.some((v) => v.includes(chat)) && values.some((v) => v.includes(':257:'))) started();
  };
  const { branch, bytes } = startOf(own.port, chat);
  const status = await own.ask(bcf, branch, bytes, answerMs);
  if (status !== 200) faults.push(`a proper start is answered ${status ?? 'by nobody'}`);
  const came = await Promise.race([
    start.then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), answerMs).unref()),
  ]);
  if (!came) faults.push(`the start of the PSAP did not come within ${answerMs} ms`);
  return faults;
}

/** A start of a caller who has done nothing wrong. */
export function startOf(port: number, name: string): { branch: string; bytes: Buffer } {
  const branch = `z9hG4bK${name}`;
  const bytes = buildRequest({
    method: 'MESSAGE',
    uri: 'urn:service:sos',
    headers: [
      ['Via', `SIP/2.0/UDP 127.0.0.1:${port};rport;branch=${branch}`],
      ['Max-Forwards', '70'],
      ['From', `<sip:${name}@app.lab>;tag=p`],
      ['To', '<urn:service:sos>'],
      ['Call-ID', `${name}@app.lab`],
      ['CSeq', '1 MESSAGE'],
      ['Call-Info', `<urn:emergency:uid:callid:${name}:app.lab>; purpose=EmergencyCallData.CallId`],
      ['Call-Info', '<urn:emergency:uid:msgtype:257:app.lab>; purpose=EmergencyCallData.MsgType'],
      ['Call-Info', '<urn:emergency:uid:msgid:1:app.lab>; purpose=EmergencyCallData.MsgId'],
      ['Content-Type', 'text/plain; charset=utf-8'],
    ],
    body: 'help',
  });
  return { branch, bytes };
}
