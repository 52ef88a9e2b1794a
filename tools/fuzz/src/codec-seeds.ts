import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildRequest, writeMultipart } from '@esinet/sip';

const torture = fileURLToPath(new URL('../../../test/torture/', import.meta.url));

/** Messages to start from: the torture messages and the messages of an emergency chat. */
export function codecSeeds(): Buffer[] {
  const files = ['rfc4475', 'rfc5118'].flatMap((folder) =>
    readdirSync(`${torture}${folder}`).map((name) => readFileSync(`${torture}${folder}/${name}`)),
  );
  return [...files, chatStart()];
}

function chatStart(): Buffer {
  const { contentType, body } = writeMultipart([
    { headers: [['Content-Type', 'application/pidf+xml'], ['Content-ID', '<here@app.example>']], body: '<presence/>' },
    { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: 'Ayuda, hay humo aquí' },
  ]); // prettier-ignore
  return buildRequest({
    method: 'MESSAGE',
    uri: 'urn:service:sos',
    headers: [
      [
        'Via',
        'SIP/2.0/TLS relay.example:5061;branch=z9hG4bKone, SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKtwo;rport',
      ],
      ['Route', '<sip:gate.example;lr>, <sip:next.example;lr>'],
      ['Max-Forwards', '70'],
      ['From', '"Lucia" <sip:lucia@carrier.example;user=phone>;tag=1'],
      ['To', '<urn:service:sos>'],
      ['Call-ID', 'chat-1@app.example'],
      ['CSeq', '1 MESSAGE'],
      ['Geolocation', '<cid:here@app.example>'],
      ['Call-Info', '<urn:emergency:uid:callid:1:app.example>;purpose=emergency-CallId'],
      ['Contact', '<sip:lucia@198.51.100.7;transport=tls>;+sip.instance="<urn:uuid:1>"'],
      ['Content-Type', contentType],
    ],
    body,
  });
}
