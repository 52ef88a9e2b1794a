import { parseUri } from '@esinet/sip';
import { type QueueState, type QueueStateSource, type StateSource, queueKey } from '@esinet/states';

/** No queues: what a router has that limits nobody. */
export const noQueues: QueueStateSource = { snapshot: () => [], onChange: () => () => undefined };

/**
 * The queues of a router under names of its own. The queue before a next hop is not the queue at that next hop, which
 * tells its state under its own URI: `sip:madrid@psap.esinet.internal` here is
 * `sip:madrid%40psap.esinet.internal@esrp.esinet.lab`.
 */
export class OwnQueues {
  constructor(
    private readonly queues: () => QueueStateSource,
    private readonly element: string,
  ) {}

  list(): QueueState[] {
    return this.queues()
      .snapshot()
      .map((state) => ({ ...state, queueUri: ownQueueUri(state.queueUri, this.element) }));
  }

  /** The queue that a Request-URI names; undefined where there is none. */
  source(uri: string): StateSource<QueueState> | undefined {
    const user = parseUri(uri)?.user?.toLowerCase();
    if (user === undefined) return undefined;
    const find = () => this.list().find(({ queueUri }) => parseUri(queueUri)?.user?.toLowerCase() === user);
    if (!find()) return undefined;
    return { current: find, onChange: (listener) => this.queues().onChange(listener) };
  }
}

/** RFC 3261 25.1: in a user part an @ and a colon are escaped. */
export function ownQueueUri(queueUri: string, element: string): string {
  const bare = queueKey(queueUri).slice('sip:'.length);
  return `sip:${encodeURIComponent(bare)}@${element}`;
}
