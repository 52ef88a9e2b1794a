import type { Uri } from '../codec/uri.js';
import type { Destination } from '../transport/destination.js';

/** RFC 3263 as far as senders of requests need it: ordered destinations, none where there is no way. */
export interface RequestLocator {
  locate(uri: Uri | string): Promise<readonly Destination[]>;
}
