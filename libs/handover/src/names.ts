/**
 * Names of TS 103 120, TS 103 280 and TS 103 707 in documents. What a later edition or the published schema calls
 * otherwise is changed here, and nowhere else.
 */

/** Namespaces of TS 103 120 and TS 103 280: a message that only delivers needs none younger than 2019, a request does. */
export const namespaces = {
  core: 'http://uri.etsi.org/03120/common/2019/10/Core',
  common: 'http://uri.etsi.org/03120/common/2016/02/Common',
  delivery: 'http://uri.etsi.org/03120/common/2019/10/Delivery',
  task: 'http://uri.etsi.org/03120/common/2020/09/Task',
  authorisation: 'http://uri.etsi.org/03120/common/2020/09/Authorisation',
  document: 'http://uri.etsi.org/03120/common/2020/09/Document',
  types: 'http://uri.etsi.org/03280/common/2017/07',
  handover: 'http://uri.etsi.org/03707/2020/02',
  schemaInstance: 'http://www.w3.org/2001/XMLSchema-instance',
} as const;

/** TS 103 707 clauses 5.2 to 5.6: element names, in the order in which the tables list them. */
export const handoverNames = {
  item: 'handoverItem',
  collection: 'handoverItemCollection',
  header: 'header',
  correlation: 'applicationCorrelation',
  levelId: 'applicationLevelID',
  sequenceNumber: 'applicationSequenceNumber',
  payload: 'payload',
  payloadType: 'MessagingPayload',
  core: 'coreParameters',
  sender: 'messageSender',
  receivers: 'messageReceivers',
  recipient: 'recipient',
  identifiers: 'identifiers',
  identifier: 'identifier',
  targeted: 'isTargetedParty',
  timestamp: 'timestamp',
  binaryData: 'associatedBinaryData',
  binaryObject: 'binaryObject',
  url: 'url',
  contentLength: 'contentLength',
  contentType: 'contentType',
  expiry: 'expiry',
  checksum: 'checksum',
  filename: 'originalFilename',
  cspIdentifier: 'cspDefinedIdentifier',
  cspParameters: 'cspDefinedParameters',
  cspMetadata: 'cspDefinedMetadata',
  schemaDetails: 'schemaDetails',
  schemaIdentifier: 'schemaIdentifier',
  schemaUrl: 'schemaURL',
  schemaContent: 'schemaContent',
  xmlData: 'xmlData',
} as const;

/** TS 103 707 5.1: how a manifest names what is delivered. Known to TS 103 120 from V1.14.1 on. */
export const manifest = { owner: 'ETSI', name: 'ManifestSpecification', value: 'TS103707' } as const;

/** Our published schema of what a chat by TS 103 698 says beside the core parameters; each change gets a number of its own. */
export const lmpeRecordSchema = 'urn:esinet:lmpe-record:1';

/** TS 103 707 5.1: what is written where no name is to be told, and where there is no national profile. */
export const unspecified = { country: 'XX', endpoint: 'Not specified', profile: 'N/A' } as const;

/**
 * What TS 103 120 has no name for and this product takes in a request: FormatOwner and dictionary owner of our own, by
 * agreement with each authority. A Call Identifier as a selector; salt, digest and how it is made of TS 103 707 D.4,
 * which go along as values of the request; and categories beside the one that RequestType names.
 */
export const ownFormats = {
  owner: 'ESINET',
  callIdentifier: 'CallIdentifier',
  salt: 'SelectorSalt',
  digest: 'SelectorDigest',
  algorithm: 'SelectorHashAlgorithm',
  construct: 'SelectorHashConstruct',
  /** RequestSubtype or flag of a task: `Subscriber`, `Traffic`, `Content`, `Location`. */
  category: 'Category',
} as const;
