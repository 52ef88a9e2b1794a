// An entry of its own (@esinet/platform/redis): who has no Redis does not load its driver.
export { redisClient } from './redis-client.js';
export { RedisStore, type RedisStoreOptions, type StoreChange } from './redis-store.js';
