import { countingIds } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { isEmergencyService } from './emergency-service.js';
import { newCallId, readIdentifiers, writeCallInfo } from './identifiers.js';
import { messageKind } from './message-type.js';
import { MessageType } from './registry.js';

const clause = 'TS 103 698 6.1.2.7';

describe('identifiers', () => {
  it('reads what it writes', { meta: { clause, shall: ['6.1.2.7-6', '6.1.2.7-11', '6.1.2.7-16'] } }, () => {
    const callId = newCallId(countingIds(), 'app.lab');
    expect(callId.split(':')[4]).toHaveLength(30);
    const values = writeCallInfo({ callId, messageId: 7, messageType: 259, element: 'app.lab' });
    expect(values).toEqual([
      `<${callId}>;purpose=EmergencyCallData.CallId`,
      '<urn:emergency:service:uid:msgid:7:app.lab>;purpose=EmergencyCallData.MsgId',
      '<urn:emergency:service:uid:msgtype:259:app.lab>;purpose=EmergencyCallData.MsgType',
    ]);
    expect(readIdentifiers(values)).toEqual({ callId, messageId: 7, messageType: 259, problems: [] });
  });

  const unique = 'a56e556d871';
  const forms: [string, string[]][] = [
    [
      'the prose of the call identifier',
      [`<urn:emergency:service:uid:callid:${unique}:dec112.at>;purpose=EmergencyCallData.CallId`],
    ],
    [
      'a blank after the semicolon',
      [`<urn:emergency:uid:callid:${unique}:dec112.at>; purpose=EmergencyCallData.CallId`],
    ],
    [
      'purpose behind other parameters',
      [`<urn:emergency:uid:callid:${unique}:dec112.at>;x=1;Purpose = "emergencycalldata.callid"`],
    ],
    ['no angle brackets', [`urn:emergency:uid:callid:${unique}:dec112.at;purpose=EmergencyCallData.CallId`]],
    ['the NENA pair alone', [`<urn:emergency:uid:callid:${unique}:dec112.at>;purpose=emergency-CallId`]],
  ];
  it.each(forms)(
    'accepts %s',
    { meta: { clause, shall: ['6.1.2.7-9', '6.1.2.7-14', '6.1.2.7-19'] } },
    (_, values) => {
      const read = readIdentifiers(values);
      expect(read.callId).toContain(unique);
      expect(read.problems).toEqual([]);
    },
  );

  it('takes both purposes and both prefixes of the message identifier', { meta: { clause } }, () => {
    for (const purpose of ['EmergencyCallData.MsgId', 'EmergencyChatData.MsgId']) {
      for (const prefix of [
        'urn:emergency:service:uid:msgid:',
        'urn:emergency:uid:msgid:',
        'URN:Emergency:UID:MsgId:',
      ]) {
        expect(readIdentifiers([`<${prefix}12:e>;purpose=${purpose}`])).toEqual({
          messageId: 12,
          problems: [],
        });
      }
    }
  });

  it('prefers the chat identifier to the NENA one, whichever comes first', { meta: { clause } }, () => {
    const chat = '<urn:emergency:uid:callid:aaaaaaaaaaa:e>;purpose=EmergencyCallData.CallId';
    const nena = '<urn:emergency:uid:callid:bbbbbbbbbbb:f>;purpose=emergency-CallId';
    const incident = '<urn:emergency:uid:incidentid:ccccccccccc:f>;purpose=emergency-IncidentId';
    for (const values of [
      [chat, nena, incident],
      [incident, nena, chat],
    ]) {
      const read = readIdentifiers(values);
      expect(read.callId).toBe('urn:emergency:uid:callid:aaaaaaaaaaa:e');
      expect(read.incidentId).toContain('ccccccccccc');
      expect(read.problems).toEqual([]);
    }
  });

  it('lists what is wrong and keeps what can be kept', { meta: { clause } }, () => {
    expect(readIdentifiers(['<urn:emergency:uid:callid:short:e>;purpose=EmergencyCallData.CallId'])).toEqual({
      callId: 'urn:emergency:uid:callid:short:e',
      problems: ['callId: unique part too short'],
    });
    const odd = [
      '<urn:emergency:uid:callid::e>;purpose=EmergencyCallData.CallId',
      '<urn:emergency:uid:msgid:1e3:e>;purpose=EmergencyCallData.MsgId',
      '<urn:emergency:uid:msgtype:65536:e>;purpose=EmergencyCallData.MsgType',
    ];
    const read = readIdentifiers(odd);
    expect(read).toMatchObject({ problems: expect.arrayContaining(['callId: empty']) });
    expect(read.problems).toHaveLength(3);
    expect([read.callId, read.messageId, read.messageType]).toEqual([undefined, undefined, undefined]);
    expect(
      readIdentifiers([`<urn:emergency:uid:callid:${'x'.repeat(300)}:e>;purpose=EmergencyCallData.CallId`])
        .problems,
    ).toEqual(['callId: too long']);
    const twice = [
      '<urn:emergency:uid:msgid:1:e>;purpose=EmergencyCallData.MsgId',
      '<urn:emergency:uid:msgid:2:e>;purpose=EmergencyCallData.MsgId',
    ];
    expect(readIdentifiers(twice)).toEqual({
      messageId: 1,
      problems: ['messageId: given twice, first one taken'],
    });
  });

  it('never throws', { meta: { clause } }, () => {
    const scraps = [
      '<',
      '>',
      ';',
      '=',
      '"',
      'purpose',
      'EmergencyCallData.CallId',
      'urn:emergency:uid:callid:',
      ':',
      '\u0000',
      'é',
      '99999999999999999999',
    ];
    let seed = 7;
    for (let round = 0; round < 2000; round++) {
      let text = '';
      for (let i = 0; i < 12; i++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        text += scraps[seed % scraps.length];
      }
      expect(Array.isArray(readIdentifiers([text, text]).problems)).toBe(true);
    }
  });
});

describe('message types', () => {
  it('are told apart by equality: 259 is no stop', { meta: { clause, shall: 'A.5-1' } }, () => {
    expect(messageKind(MessageType.inChat)).toBe('in-chat');
    expect(messageKind(258)).toBe('stop');
    expect(messageKind(266)).toBe('stop-transfer');
    expect(messageKind(274)).toBe('stop-redirect');
    expect(messageKind(388)).toBe('inactive');
    for (const other of [undefined, 0, 1, 2, 3, 256, 261, 262, 263, 267, 275, 386, 65535]) {
      expect(messageKind(other)).toBe('unknown');
    }
  });
});

describe('emergency services', () => {
  const cases: [string, string | undefined, boolean][] = [
    ['urn:service:sos', 'urn:service:sos', false],
    ['URN:Service:SOS.Fire', 'urn:service:sos.fire', false],
    ['urn:service:sos.country.de.reporting', 'urn:service:sos.country.de.reporting', false],
    ['urn:service:sos.test', 'urn:service:sos', true],
    ['urn:service:sos.fire.test', 'urn:service:sos.fire', true],
    ['urn:service:test.sos', 'urn:service:sos', true],
    ['urn:service:test.sos.fire', 'urn:service:sos.fire', true],
    ['urn:service:counseling', undefined, false],
    ['urn:service:sosx', undefined, false],
    ['urn:service:sos..fire', undefined, false],
    ['urn:service:sos.fi>re', undefined, false],
    ['urn:service:test', undefined, false],
    ['sip:112@esinet.lab', undefined, false],
    [`urn:service:sos.${'a-'.repeat(100)}`, undefined, false],
  ];
  it.each(cases)(
    '%s',
    { meta: { clause: 'RFC 5031 4.2; TS 103 698 6.1.2.10; RFC 6881 17' } },
    (uri, urn, test) => {
      expect(isEmergencyService(uri)).toEqual(urn === undefined ? undefined : { urn, test });
    },
  );
});
