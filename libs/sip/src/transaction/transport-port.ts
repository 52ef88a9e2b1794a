import type { SipMessage } from '../codec/sip-message.js';
import type { Destination, TransportName } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';

/** What the transaction layer needs of the transports below it: `TransportLayer`, or a memory network in tests. */
export interface TransactionTransport {
  onMessage: (received: { message: SipMessage; flow: Flow }) => void;
  onInvalid: (problem: { status: number; reason: string; message?: SipMessage; flow: Flow }) => void;
  start(): Promise<void>;
  stop(): Promise<void>;
  flowTo(destination: Destination, listener?: string): Promise<Flow>;
  /** The same where it takes no waiting; undefined where it does, or where nothing may be sent there. */
  openFlow?(destination: Destination, listener?: string): Flow | undefined;
  flow(id: string): Flow | undefined;
  onFlowClosed(callback: (flow: Flow) => void): () => void;
  listeners(): readonly {
    name: string;
    transport: TransportName;
    host: string;
    port: number;
    advertised: string;
  }[];
  sentBy(transport: TransportName, listener?: string): string;
  /** Closes a connection that is not to be trusted any more. */
  dropFlow?(id: string, reason: string): void;
  /** RFC 5923: requests to the peer may go over this connection from now on. */
  aliasFlow?(flow: Flow, sentByPort: number | undefined): boolean;
}

export function isFlow(where: Destination | Flow): where is Flow {
  return 'send' in where;
}
