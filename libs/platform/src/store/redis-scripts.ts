import { hash } from 'node:crypto';

/** A script that runs within Redis as one step, on one key, so that a Cluster runs it as well. */
export interface RedisScript {
  readonly text: string;
  /** By which Redis knows it once it has run. */
  readonly sha: string;
}

function script(text: string): RedisScript {
  return { text, sha: hash('sha1', text, 'hex') };
}

/**
 * KEYS: the key. ARGV: whether a value is expected (1 or 0), that value, whether one is set (1) or it is deleted (0), the
 * new value, its time to live in ms (0: it stays). Gives 1 when it did.
 */
export const compareAndSetScript = script(`
local have = redis.call('GET', KEYS[1])
if ARGV[1] == '0' then
  if have then return 0 end
elseif have ~= ARGV[2] then
  return 0
end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
elseif ARGV[5] == '0' then
  redis.call('SET', KEYS[1], ARGV[4])
else
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
end
return 1`);

/**
 * KEYS: the key. ARGV: what to add, the time to live of a new counter in ms (0: it stays). Gives the sum; the error
 * NOTANUMBER where there is no whole number, or the sum is none that JavaScript can tell.
 */
export const incrementScript = script(`
local have = redis.call('GET', KEYS[1])
if have and (not string.match(have, '^%-?%d+$') or string.format('%.0f', tonumber(have)) ~= have) then
  return redis.error_reply('NOTANUMBER what is stored there is no whole number')
end
if math.abs(tonumber(have or '0') + tonumber(ARGV[1])) > 9007199254740991 then
  return redis.error_reply('NOTANUMBER the sum is too large')
end
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if not have and ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum`);
