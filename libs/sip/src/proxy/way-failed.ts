/**
 * RFC 3261 21.4; 424 of RFC 6442 4.3 asks for a better location, which nobody waits for who can ask another target; 430 is RFC 5626 11.5. A loop (482, 483) is a fault of the way too.
 */
const statuses = new Set([404, 408, 410, 424, 430, 480, 482, 483]);

/**
 * The final responses after which a proxy that must not lose a call tries its next target: the way there failed, or the
 * target does not know itself. 486 and 600 are the target's word about the call.
 */
export function wayFailed(status: number): boolean {
  return statuses.has(status) || (status >= 500 && status < 600);
}
