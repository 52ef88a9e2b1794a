/**
 * What gives way when there is too much, the last first (RFC 7339 5.10.1, TS 103 698 6.1.2.5): `other` are test calls and
 * whatever is no emergency; `emergency` are starts; `running` are chats and dialogs that have begun, and probes that ask
 * whether we live. Responses, ACK and CANCEL are in no class: they are never asked about.
 */
export type LoadClass = 'running' | 'emergency' | 'other';

export const loadClasses: readonly LoadClass[] = ['running', 'emergency', 'other'];
