import { describe, expect, it } from 'vitest';
import { alertErrorHeader, alertErrors, readAlert } from './alert.js';

const cap = 'urn:oasis:names:tc:emergency:cap:1.2';
const head =
  '<identifier>S-1</identifier><sender>sip:sensor@app.lab</sender><sent>2026-01-01T00:00:00-00:00</sent>' +
  '<status>Actual</status><msgType>Alert</msgType><scope>Private</scope><incidents>i1</incidents>';
const info =
  '<info><category>Fire</category><event>SMOKE</event><urgency>Immediate</urgency><severity>Severe</severity>' +
  '<certainty>Observed</certainty><parameter><valueName>CO</valueName><value>120 ppm</value></parameter>' +
  '<area><areaDesc>Kitchen</areaDesc><circle>40.4,-3.7 0.05</circle></area></info>';
const alert = (content: string, uri = cap): string => `<alert xmlns="${uri}">${content}</alert>`;
const read = (document: string) => readAlert(document, { source: 'value', part: 1 });

describe('a CAP alert', () => {
  it('is read to the point', { meta: { clause: 'RFC 8876 4.2' } }, () => {
    const found = read(alert(head + info));
    expect(found.error).toBeUndefined();
    expect(found.problems).toEqual([]);
    expect(found.identity).toBe('sip:sensor@app.lab\nS-1\n2026-01-01T00:00:00-00:00');
    expect(found.block.part).toBe(1);
    expect(found.block.fields.map(({ name, value }) => `${name}=${value}`)).toEqual([
      'identifier=S-1',
      'sender=sip:sensor@app.lab',
      'sent=2026-01-01T00:00:00-00:00',
      'status=Actual',
      'msgType=Alert',
      'scope=Private',
      'incidents=i1',
      'event=SMOKE',
      'category=Fire',
      'urgency=Immediate',
      'severity=Severe',
      'certainty=Observed',
      'parameter CO=120 ppm',
      'areaDesc=Kitchen',
      'circle=40.4,-3.7 0.05',
    ]);
  });

  it('of CAP 1.1 too', { meta: { clause: 'RFC 8876 8' } }, () => {
    expect(read(alert(head + info, 'urn:oasis:names:tc:emergency:cap:1.1')).error).toBeUndefined();
  });

  const bad: [string, string, number, string[]][] = [
    ['cut off', alert(head + info).slice(0, -20), 103, ['alert: XML: ill-formed']],
    ['with a DOCTYPE', `<!DOCTYPE a>${alert(head)}`, 100, ['alert: XML: doctype']],
    ['too deep', alert('<a>'.repeat(50) + '</a>'.repeat(50)), 100, ['alert: XML: too-deep']],
    ['of another language', '<alert xmlns="urn:x"/>', 100, ['alert: not a CAP alert']],
    ['without an event', alert(head), 102, []],
    ['with an empty event', alert(`${head}<info><event/></info>`), 102, []],
  ];
  it.each(bad)(
    '%s has its error code',
    { meta: { clause: 'RFC 8876 5.2' } },
    (_, document, code, problems) => {
      const found = read(document.includes('\0') ? document.replace('\0', '\uFFFD') : document);
      if (document.includes('\0')) return expect(found.error?.code).not.toBe(101);
      expect(found.error?.code).toBe(code);
      expect(found.problems).toEqual(problems);
    },
  );

  it('of octets that are no text is corrupted', { meta: { clause: 'RFC 8876 5.2' } }, () => {
    expect(readAlert(Buffer.from([0x3c, 0xff, 0xfe]), { source: 'value' }).error?.code).toBe(103);
  });

  it('that cancels another needs no event; what is missing is a problem', { meta: { clause: 'RFC 8876 4.2' } }, () => {
    expect(read(alert(head.replace('>Alert<', '>Cancel<'))).error).toBeUndefined();
    expect(read(alert(`<identifier>x</identifier>${info}`))).toMatchObject({
      problems: ['sender', 'sent', 'status', 'msgType', 'scope', 'incidents'].map((n) => `alert: no ${n}`),
    });
  }); // prettier-ignore

  it('has one error value in the answer', { meta: { clause: 'RFC 8876 5.2' } }, () => {
    expect(alertErrorHeader(alertErrors.notFound)).toEqual([
      'AlertMsg-Error',
      '101;message="No alert found where one was announced"',
    ]);
  });
});
