/**
 * TS 103 698 Annex C: the names this interface needs registered, in one place. Where the prose and the examples of
 * 6.1.2.7 differ, `emitted` is the form of the examples and `accepted` holds every form seen in the field.
 */
export const identifierRegistry = {
  callId: {
    emitted: { prefix: 'urn:emergency:uid:callid:', purpose: 'EmergencyCallData.CallId' },
    accepted: {
      prefixes: ['urn:emergency:uid:callid:', 'urn:emergency:service:uid:callid:'],
      purposes: ['emergencycalldata.callid', 'emergencychatdata.callid'],
      /** NENA i3 shape, beside or instead of the above. */
      tolerated: ['emergency-callid', 'nena-callid'],
    },
  },
  messageId: {
    emitted: { prefix: 'urn:emergency:service:uid:msgid:', purpose: 'EmergencyCallData.MsgId' },
    accepted: {
      prefixes: ['urn:emergency:service:uid:msgid:', 'urn:emergency:uid:msgid:'],
      purposes: ['emergencycalldata.msgid', 'emergencychatdata.msgid'],
      tolerated: [],
    },
  },
  messageType: {
    emitted: { prefix: 'urn:emergency:service:uid:msgtype:', purpose: 'EmergencyCallData.MsgType' },
    accepted: {
      prefixes: ['urn:emergency:service:uid:msgtype:', 'urn:emergency:uid:msgtype:'],
      purposes: ['emergencycalldata.msgtype', 'emergencychatdata.msgtype'],
      tolerated: [],
    },
  },
  /** NENA i3 shape: one incident may gather several calls. */
  incidentId: {
    emitted: { prefix: 'urn:emergency:uid:incidentid:', purpose: 'emergency-IncidentId' },
    accepted: {
      prefixes: ['urn:emergency:uid:incidentid:', 'urn:emergency:service:uid:incidentid:'],
      purposes: ['emergencycalldata.incidentid', 'emergencychatdata.incidentid'],
      tolerated: ['emergency-incidentid', 'nena-incidentid'],
    },
  },
  /** TS 103 698 6.1.2.11 */
  did: {
    emitted: { prefix: 'did:', purpose: 'EmergencyCallData.DID' },
    accepted: {
      prefixes: ['did:'],
      purposes: ['emergencycalldata.did', 'emergencychatdata.did'],
      tolerated: [],
    },
  },
} as const;

export type IdentifierName = keyof typeof identifierRegistry;

/** TS 103 698 6.1.2.7 table 4, with the values the prose of 6.2 names. */
export const MessageType = {
  unknown: 256,
  start: 257,
  stop: 258,
  inChat: 259,
  heartbeat: 260,
  startTransfer: 265,
  stopTransfer: 266,
  startRedirect: 273,
  stopRedirect: 274,
  heartbeatInactive: 388,
} as const;

/** TS 103 698 6.1.2.7: length of the unique part of a Call Identifier. NENA's goes to 32, and longer ones are seen. */
export const uniquePart = { emitted: 30, min: 10, max: 32 } as const;

/** An identifier URN longer than this is not one: it would serve to fill memory and records. */
export const maxIdentifierLength = 256;
