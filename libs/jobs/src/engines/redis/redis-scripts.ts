import type { RedisClient } from './redis-settings.js';
import { TURN_SCRIPTS } from './redis-turn-scripts.js';

/** A Lua script and how many of its arguments are keys. */
interface Script {
  readonly keys: number;
  readonly lua: string;
}

/** The server's clock in milliseconds, so that expiry never depends on a process's clock. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * All Lua of this engine beside BullMQ's own. The keys of a script share a slot, since in a Cluster
 * the prefix is a hash tag.
 */
const SCRIPTS = {
  /**
   * Sets a key if it holds what is expected. KEYS value, index of keys, expiry of keys;
   * ARGV key, value, ttl or '', mode (any, absent, equals), expected value.
   * The index (a sorted set by name) serves listings by prefix without SCAN. It does not expire by
   * itself, so each write also drops some entries whose time is over.
   */
  setKey: {
    keys: 3,
    lua: `
local current = redis.call('GET', KEYS[1])
if ARGV[4] == 'absent' and current then return 0 end
if ARGV[4] == 'equals' and current ~= ARGV[5] then return 0 end
${NOW}
local stale = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 20)
if #stale > 0 then
  redis.call('ZREM', KEYS[2], unpack(stale))
  redis.call('ZREM', KEYS[3], unpack(stale))
end
redis.call('ZADD', KEYS[2], 0, ARGV[1])
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], ARGV[2])
  redis.call('ZREM', KEYS[3], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[1])
end
return 1`,
  },

  /**
   * Drops names of keys that have expired from the index. KEYS index of keys, expiry of keys.
   * Answers how many.
   */
  dropStale: {
    keys: 2,
    lua: `
${NOW}
local stale = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 1000)
if #stale > 0 then
  redis.call('ZREM', KEYS[1], unpack(stale))
  redis.call('ZREM', KEYS[2], unpack(stale))
end
return #stale`,
  },

  /** Deletes a key. KEYS as above; ARGV key, whether a value is expected ('1'), that value. */
  deleteKey: {
    keys: 3,
    lua: `
if ARGV[2] == '1' and redis.call('GET', KEYS[1]) ~= ARGV[3] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('DEL', KEYS[1])`,
  },

  /** Takes or renews a permit. KEYS holders by expiry; ARGV holder, limit, ttl. */
  acquirePermit: {
    keys: 1,
    lua: `
${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local held = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not held and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], math.ceil(tonumber(last[2])) + 1000)
return 1`,
  },

  /** Gives a permit back. KEYS holders by expiry; ARGV holder. */
  releasePermit: {
    keys: 1,
    lua: `
${NOW}
local expiry = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
if expiry and tonumber(expiry) > now then return 1 end
return 0`,
  },

  /**
   * Renews locks, and takes those back that have run out. A key that has expired does not say whose
   * it was: the job must still be active, and not have been claimed again. KEYS active list, set of
   * suspects; ARGV start of the keys, duration, then of each job its id, token and how often it was
   * claimed. Answers the ids that are lost.
   */
  renewLocks: {
    keys: 2,
    lua: `
local lost = {}
for i = 3, #ARGV, 3 do
  local id, token = ARGV[i], ARGV[i + 1]
  local key = ARGV[1] .. id
  local holder = redis.call('GET', key .. ':lock')
  local isOurs = holder == token
  if not holder then
    local claims = redis.pcall('HGET', key, 'ats')
    isOurs = claims == ARGV[i + 2] and redis.call('LPOS', KEYS[1], id) ~= false
  end
  if isOurs then
    redis.call('SET', key .. ':lock', token, 'PX', ARGV[2])
    redis.call('SREM', KEYS[2], id)
  else
    table.insert(lost, id)
  end
end
return lost`,
  },

  /**
   * Ids of a queue's active jobs whose lock holds a token. KEYS active list; ARGV prefix of job
   * keys, token. For recovery alone: it reads all locks.
   */
  claimedBy: {
    keys: 1,
    lua: `
local claimed = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if redis.call('GET', ARGV[1] .. id .. ':lock') == ARGV[2] then table.insert(claimed, id) end
end
return claimed`,
  },

  /**
   * Makes the stored form of a damaged job one that BullMQ can fail and list. KEYS job hash, where
   * to keep what was there; ARGV reason, then fields and values to set. A key that is no hash is
   * kept whole, broken fields of a hash under their own names.
   */
  repairJob: {
    keys: 2,
    lua: `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[2]) end
else
  for i = 2, #ARGV, 2 do
    local raw = redis.call('HGET', KEYS[1], ARGV[i])
    if raw then redis.call('HSET', KEYS[1], 'damaged:' .. ARGV[i], raw) end
  end
end
redis.call('HSET', KEYS[1], 'defa', ARGV[1])
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
  else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return 1`,
  },

  ...TURN_SCRIPTS,
} as const satisfies Record<string, Script>;

type ScriptName = keyof typeof SCRIPTS;

/** The name a script goes by on a client that an application may use as well. */
const commandOf = (name: ScriptName): string => `nestjs-jobs:${name}`;

/**
 * Defines the scripts on a client: sent whole once, called by their hash from then on. @internal
 */
export function defineScripts(client: RedisClient): void {
  for (const [name, { keys, lua }] of Object.entries(SCRIPTS)) {
    client.defineCommand(commandOf(name as ScriptName), { numberOfKeys: keys, lua });
  }
}

/** Runs a script with its keys, then its arguments. @internal */
export function runScript<Reply>(
  client: RedisClient,
  name: ScriptName,
  ...args: readonly (string | number)[]
): Promise<Reply> {
  type Scripted = Record<string, (...args: readonly (string | number)[]) => Promise<Reply>>;
  const command = (client as unknown as Scripted)[commandOf(name)];
  if (!command) throw new Error(`The script "${name}" is not defined on this client.`);
  return command.apply(client, [...args]);
}
