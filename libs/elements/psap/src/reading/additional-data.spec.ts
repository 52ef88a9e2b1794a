import { describe, expect, it } from 'vitest';
import {
  blockType,
  maxFields,
  maxValueLength,
  providedData,
  purposeType,
  readBlock,
} from './additional-data.js';

const ns = (type: string): string => `urn:ietf:params:xml:ns:EmergencyCallData:${type}`;
const block = (type: string, content: string, attributes = ''): string =>
  `<?xml version="1.0"?><d:EmergencyCallData.${type} xmlns:d="${ns(type)}"${attributes}>${content}</d:EmergencyCallData.${type}>`;
const card = '<vcard xmlns="urn:ietf:params:xml:ns:vcard-4.0">';
const shown = (type: string, document: string): string[] =>
  readBlock(type, document, { source: 'value' }).fields.map(({ name, value }) => `${name}=${value}`);

describe('a block of additional data', () => {
  it('names itself', { meta: { clause: 'RFC 7852 6.1' } }, () => {
    expect(blockType('application/EmergencyCallData.providerinfo+XML')).toBe('ProviderInfo');
    expect(blockType('application/emergencycalldata.ecall.msd')).toBe('eCall.MSD');
    expect(blockType('application/EmergencyCallData.VEDS+xml')).toBe('VEDS');
    expect(blockType('application/EmergencyCallData.')).toBeUndefined();
    expect(blockType('text/plain')).toBeUndefined();
    expect(purposeType('EmergencyCallData.Comment')).toBe('Comment');
    expect(purposeType('icon')).toBeUndefined();
  });

  it('says who provides it', { meta: { clause: 'RFC 7852 4.1' } }, () => {
    const document = block(
      'ProviderInfo',
      `<d:DataProviderReference>r1@example.org</d:DataProviderReference>
       <d:DataProviderString> Example
         VoIP </d:DataProviderString><d:TypeOfProvider>Client</d:TypeOfProvider>
       <d:ContactURI>tel:+34600</d:ContactURI><d:Language>en</d:Language><d:Language>es</d:Language>
       <d:DataProviderContact>${card}<fn><text>Ana</text></fn>
         <tel><parameters><type><text>work</text></type></parameters><uri>tel:+3491</uri></tel></vcard></d:DataProviderContact>
       <x:Secret xmlns:x="urn:x">hidden</x:Secret>`,
    );
    expect(shown('ProviderInfo', document)).toEqual([
      'DataProviderString=Example VoIP',
      'TypeOfProvider=Client',
      'ContactURI=tel:+34600',
      'Language=en',
      'Language=es',
      'DataProviderReference=r1@example.org',
      'fn=Ana',
      'tel=tel:+3491',
    ]);
  });

  it('describes service, device, subscriber and comment', { meta: { clause: ['RFC 7852 4.2', 'RFC 7852 4.3', 'RFC 7852 4.4', 'RFC 7852 4.5'] } }, () => {
    expect(shown('ServiceInfo', block('ServiceInfo', '<d:ServiceEnvironment>Residence</d:ServiceEnvironment><d:ServiceType>VOIP</d:ServiceType><d:ServiceMobility>Unknown</d:ServiceMobility>'))).toEqual(['ServiceEnvironment=Residence', 'ServiceType=VOIP', 'ServiceMobility=Unknown']);
    expect(shown('DeviceInfo', block('DeviceInfo', '<d:DeviceClassification>fixed</d:DeviceClassification><d:UniqueDeviceID TypeOfDeviceID="IMEI">357</d:UniqueDeviceID><d:UniqueDeviceID TypeOfDeviceID="SN">1</d:UniqueDeviceID>'))).toEqual(['DeviceClassification=fixed', 'UniqueDeviceID (IMEI)=357', 'UniqueDeviceID (SN)=1']);
    expect(shown('SubscriberInfo', block('SubscriberInfo', `<d:SubscriberData>${card}<n><surname>Ruiz</surname></n><fn><text>Ana Ruiz</text></fn><adr><street>Gran Vía 1</street><pobox/><locality>Madrid</locality></adr></vcard></d:SubscriberData>`, ' privacyRequested="true"'))).toEqual(['privacyRequested=true', 'fn=Ana Ruiz', 'adr=Gran Vía 1, Madrid']);
    expect(shown('Comment', block('Comment', '<d:Comment xml:lang="en">asthma</d:Comment>'))).toEqual(['Comment=asthma']);
  }); // prettier-ignore

  it('is small and on one line whatever was sent', { meta: { clause: 'RFC 7852 9' } }, () => {
    const many = block('ProviderInfo', '<d:Language>en</d:Language>'.repeat(200));
    expect(shown('ProviderInfo', many)).toHaveLength(maxFields);
    const [long] = readBlock('Comment', block('Comment', `<d:Comment>${'x'.repeat(5_000)}</d:Comment>`), { source: 'value' }).fields;
    expect(long?.value).toHaveLength(maxValueLength + 1);
    const [lines] = readBlock('Comment', block('Comment', '<d:Comment>a\r\nb&#9;c&#x85;d &lt;script&gt;</d:Comment>'), { source: 'value' }).fields;
    expect(lines?.value).toBe('a b c d <script>');
  }); // prettier-ignore

  const broken: [string, string, string][] = [
    ['no XML', 'hello', 'XML: ill-formed'],
    ['a DOCTYPE', `<!DOCTYPE x>${block('Comment', '')}`, 'XML: doctype'],
    ['another block', block('ServiceInfo', ''), 'not a Comment block'],
    ['no namespace', '<EmergencyCallData.Comment/>', 'not a Comment block'],
  ];
  it.each(broken)('of %s is a problem', { meta: { clause: 'RFC 7852 6' } }, (_, document, problem) => {
    expect(readBlock('Comment', document, { source: 'value' })).toMatchObject({ fields: [], problem });
  });

  it('may be in the provided-by of a location', { meta: { clause: ['RFC 7852 6.2', 'RFC 7852 6.3'] } }, () => {
    const inner = block('Comment', '<d:Comment>from the access network</d:Comment>').replace(/^<\?xml[^>]*>/, '');
    const provided =
      `<EmergencyCallDataReference xmlns="urn:ietf:params:xml:ns:EmergencyCallData" ref="https://an.example/1" purpose="EmergencyCallData.ServiceInfo"/>` +
      `<EmergencyCallDataValue xmlns="urn:ietf:params:xml:ns:EmergencyCallData">${inner}<other xmlns=""/></EmergencyCallDataValue>`;
    expect(providedData(provided)).toEqual({
      blocks: [{ type: 'Comment', source: 'provided-by', fields: [{ name: 'Comment', value: 'from the access network' }] }],
      references: [{ type: 'ServiceInfo', uri: 'https://an.example/1' }],
    });
    expect(providedData('EmergencyCallData <')).toEqual({ blocks: [], references: [] });
  }); // prettier-ignore
});
