import { namespaces } from '@esinet/handover';

/** A request of an authority as TS 103 120 has it, with places to change. */
export interface TaskText {
  readonly transaction?: string;
  readonly sender?: string;
  readonly receiver?: string;
  readonly version?: string;
  readonly task?: string;
  readonly kind?: 'LDTaskObject' | 'LITaskObject';
  readonly reference?: string;
  readonly order?: string;
  readonly status?: string;
  readonly validity?: readonly [string, string];
  readonly range?: readonly [string, string];
  readonly type?: string;
  readonly subtypes?: readonly string[];
  /** `[owner, format, value]` */
  readonly values?: readonly (readonly [string, string, string])[];
  readonly address?: string;
  readonly linked?: boolean;
  readonly more?: string;
}

export const taskId = 'bb22cc33-dd44-4e55-9f66-001122334455';
export const orderId = 'aa11bb22-cc33-4d44-8e55-ff6677889900';

export function taskText(o: TaskText = {}): Buffer {
  const endpoint = (name: string) =>
    `<CountryCode>XX</CountryCode><UniqueIdentifier>${name}</UniqueIdentifier>`;
  const entry = (owner: string, name: string, value: string) =>
    `<common:Owner>${owner}</common:Owner><common:Name>${name}</common:Name><common:Value>${value}</common:Value>`;
  const [validFrom, validUntil] = o.validity ?? ['2026-03-06T00:00:00Z', '2026-03-20T00:00:00Z'];
  const [from, until] = o.range ?? ['2026-03-04T08:00:00Z', '2026-03-04T09:00:00Z'];
  const values = (wrap: string) =>
    (o.values ?? [['ETSI', 'InternationalE164', '34600000001']])
      .map(
        ([owner, format, value]) =>
          `<task:${wrap}><task:FormatType><task:FormatOwner>${owner}</task:FormatOwner><task:FormatName>${format}</task:FormatName></task:FormatType><task:Value>${value}</task:Value></task:${wrap}>`,
      )
      .join('');
  const subtypes = (o.subtypes ?? []).map((value) => entry('ESINET', 'Category', value));
  const isLd = o.kind !== 'LITaskObject';
  const address = `<task:DeliveryAddress>${o.address ?? '<task:URL>https://authority.lab:16443/hi1/deliveries</task:URL>'}</task:DeliveryAddress>`;
  const details = isLd
    ? `<task:RequestDetails><task:Type>${entry('ETSI', 'RequestType', o.type ?? 'TrafficDataAndStoredContentData')}</task:Type><task:StartTime>${from}</task:StartTime><task:EndTime>${until}</task:EndTime><task:RequestValues>${values('RequestValue')}</task:RequestValues>${
        subtypes.length > 0
          ? `<task:Subtype>${subtypes.map((each) => `<task:RequestSubtype>${each}</task:RequestSubtype>`).join('')}</task:Subtype>`
          : ''
      }</task:RequestDetails><task:DeliveryDetails><task:LDDeliveryDestination>${address}<task:LDHandoverFormat>${entry('ETSI', 'LDHandoverFormat', 'TS103707')}</task:LDHandoverFormat></task:LDDeliveryDestination></task:DeliveryDetails>`
    : `<task:Timespan><task:StartTime>${from}</task:StartTime><task:EndTime>${until}</task:EndTime></task:Timespan><task:TargetIdentifier><task:TargetIdentifierValues>${values('TargetIdentifierValue')}</task:TargetIdentifierValues></task:TargetIdentifier><task:DeliveryType>${entry('ETSI', 'DeliveryType', o.type ?? 'IRIandCC')}</task:DeliveryType><task:DeliveryDetails><task:DeliveryDestination>${address}</task:DeliveryDestination></task:DeliveryDetails>`;
  const flags = isLd
    ? ''
    : `<task:Flags>${subtypes.map((each) => `<task:TaskFlag>${each}</task:TaskFlag>`).join('')}</task:Flags>`;
  const { core, schemaInstance, common, task, authorisation } = namespaces;
  const prefixes = { ':xsi': schemaInstance, ':common': common, ':task': task, ':auth': authorisation };
  const declared = Object.entries<string>({ '': core, ...prefixes })
    .map(([prefix, uri]) => ` xmlns${prefix}="${uri}"`)
    .join('');
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<HI1Message${declared}><Header>
<SenderIdentifier>${endpoint(o.sender ?? 'LEA-7')}</SenderIdentifier>
<ReceiverIdentifier>${endpoint(o.receiver ?? 'psap-archive')}</ReceiverIdentifier>
<TransactionIdentifier>${o.transaction ?? '1d2c3b4a-5f6e-4d7c-8b9a-0f1e2d3c4b55'}</TransactionIdentifier>
<Timestamp>2026-03-06T07:30:00.000000Z</Timestamp>
<Version><ETSIVersion>${o.version ?? 'V1.23.1'}</ETSIVersion><NationalProfileOwner>N/A</NationalProfileOwner><NationalProfileVersion>N/A</NationalProfileVersion></Version>
</Header><Payload><RequestPayload><ActionRequests>
<ActionRequest><ActionIdentifier>0</ActionIdentifier><CREATE><HI1Object xsi:type="auth:AuthorisationObject">
<ObjectIdentifier>${orderId}</ObjectIdentifier>${o.order ?? '<auth:AuthorisationReference>COURT-17</auth:AuthorisationReference>'}
<auth:AuthorisationStatus>${entry('ETSI', 'AuthorisationStatus', o.status ?? 'Approved')}</auth:AuthorisationStatus>
<auth:AuthorisationTimespan><auth:StartTime>${validFrom}</auth:StartTime><auth:EndTime>${validUntil}</auth:EndTime></auth:AuthorisationTimespan>
</HI1Object></CREATE></ActionRequest>
<ActionRequest><ActionIdentifier>1</ActionIdentifier><CREATE><HI1Object xsi:type="task:${o.kind ?? 'LDTaskObject'}">
<ObjectIdentifier>${o.task ?? taskId}</ObjectIdentifier>${
    o.linked === false
      ? ''
      : `<AssociatedObjects><AssociatedObject>${orderId}</AssociatedObject></AssociatedObjects>`
  }
<task:Reference>${o.reference ?? 'ES-PJ-42'}</task:Reference>${details}
<task:CSPID>${endpoint('psap-archive')}</task:CSPID>${flags}
</HI1Object></CREATE></ActionRequest>${o.more ?? ''}
</ActionRequests></RequestPayload></Payload></HI1Message>
`);
}
