import { RedisConnection } from 'bullmq';
import { FIRST_CHECK_MS, LONGEST_CHECK_MS, MOST_GIVEN } from '../../contracts/index.js';

/** Without it nothing is connected: see `bullmq-on-redis.seams.ts`. */
const PROMOTE = bullmqScript('promote')?.lua ?? '';

/** What its keys are named after, in their order. @internal */
export const PROMOTE_KEYS = [
  'delayed',
  'wait',
  'paused',
  'meta',
  'prioritized',
  'active',
  'pc',
  'events',
  'marker',
] as const;

/** The server's clock in milliseconds. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * The lines of concurrency keys. Of each key: `<base><key>:h` a hash of the jobs that have a turn,
 * `:a` a hash of those that are away, `:p` a sorted set of those that are parked, by their tickets.
 * KEYS[1] is a sorted set of all tickets that are not parked by the time at which their turn is
 * over or they are to be looked at; KEYS[2] the last ticket. Tickets grow with time, so that they
 * tell their age: microseconds. BullMQ's own script makes their jobs ready to run whose turn has
 * come.
 *
 * A turn is `r`eserved or `x` in use, as `state|ticket|limit|run`. ARGV[1] is the base, ARGV[2]
 * what BullMQ's keys start with.
 */
const LINE = `
local base = ARGV[1]
local unready = {}
local function promoteJob(KEYS, ARGV)
${PROMOTE}
end
local function makeReady(key, job)
  local queue, id = string.match(job, '^([^|]*)|(.*)$')
  local at = ARGV[2] .. queue .. ':'
  local keys = {${PROMOTE_KEYS.map((name) => `at .. '${name}'`).join(', ')}}
  if promoteJob(keys, {at, id}) ~= 0 then
    table.insert(unready, key)
    table.insert(unready, job)
  end
end
local function check(key, job, at)
  redis.call('ZADD', KEYS[1], at, key .. '\\n' .. job)
end
local function held(key) return redis.call('HLEN', base .. key .. ':h') end
local function fields(turn) return string.match(turn, '^(%a)|(%d+)|(%d+)|(.*)$') end
local function advance(key, limit, own)
  local free = math.min(limit - held(key), ${MOST_GIVEN})
  if free <= 0 then return end
  local first = redis.call('ZPOPMIN', base .. key .. ':p', free)
  for i = 1, #first, 2 do
    local job = first[i]
    redis.call('HSET', base .. key .. ':h', job, 'r|' .. first[i + 1] .. '|' .. limit .. '|')
    check(key, job, now + ${FIRST_CHECK_MS})
    if job ~= own then makeReady(key, job) end
  end
end
local function leave(key, job, ticket)
  redis.call('HDEL', base .. key .. ':h', job)
  redis.call('HSET', base .. key .. ':a', job, ticket)
  check(key, job, now + ${FIRST_CHECK_MS})
end`;

/** How the scripts of `redis-scripts.ts` are written: see there. @internal */
export const TURN_SCRIPTS = {
  /** ARGV[3] steps as JSON: [action, key, job, limit, run, ttl]. */
  turnSteps: {
    keys: 2,
    lua: `
${NOW}
${LINE}
local function stand(key, job)
  local ticket = redis.call('HGET', base .. key .. ':a', job)
  if ticket then
    redis.call('HDEL', base .. key .. ':a', job)
    redis.call('ZREM', KEYS[1], key .. '\\n' .. job)
  elseif redis.call('ZSCORE', base .. key .. ':p', job) then
    return
  else
    local last = tonumber(redis.call('GET', KEYS[2]) or 0)
    ticket = string.format('%.0f', math.max(last + 1, now * 1000))
    redis.call('SET', KEYS[2], ticket)
  end
  redis.call('ZADD', base .. key .. ':p', ticket, job)
end
local function run(key, job, ticket, limit, name, ttl)
  redis.call('HSET', base .. key .. ':h', job, 'x|' .. ticket .. '|' .. limit .. '|' .. name)
  check(key, job, now + ttl)
end
local function othersRun(key, own)
  local count = 0
  local turns = redis.call('HGETALL', base .. key .. ':h')
  for i = 1, #turns, 2 do
    if turns[i] ~= own and string.sub(turns[i + 1], 1, 1) == 'x' then count = count + 1 end
  end
  return count
end
local function start(action, key, job, limit, name, ttl)
  local turn = redis.call('HGET', base .. key .. ':h', job)
  if turn then
    local _, ticket = fields(turn)
    if held(key) <= limit or othersRun(key, job) < limit then
      run(key, job, ticket, limit, name, ttl)
      return 1
    end
    redis.call('HDEL', base .. key .. ':h', job)
    redis.call('ZREM', KEYS[1], key .. '\\n' .. job)
    redis.call('ZADD', base .. key .. ':p', ticket, job)
  end
  if action == 'try' then redis.call('ZREM', base .. key .. ':p', job) end
  return 0
end
local function step(action, key, job, limit, name, ttl)
  if action == 'advance' then
    advance(key, limit)
    return 0
  end
  if action == 'take' or action == 'start' or action == 'try' then
    if redis.call('HEXISTS', base .. key .. ':h', job) == 0 then
      stand(key, job)
      advance(key, limit, job)
    end
    if action == 'take' then return redis.call('HEXISTS', base .. key .. ':h', job) end
    return start(action, key, job, limit, name, ttl)
  end
  local turn = redis.call('HGET', base .. key .. ':h', job)
  local state, ticket, _, owner
  if turn then state, ticket, _, owner = fields(turn) end
  local isMine = state ~= 'x' or owner == name
  if action == 'renew' then
    local gone = not turn and redis.call('HGET', base .. key .. ':a', job)
    if gone then redis.call('HDEL', base .. key .. ':a', job) end
    if (turn and isMine) or gone then
      run(key, job, ticket or gone, limit, name, ttl)
      return 1
    end
    return 0
  end
  if not isMine then return 1 end
  if action == 'end' then
    if turn then redis.call('HDEL', base .. key .. ':h', job)
    else
      redis.call('HDEL', base .. key .. ':a', job)
      redis.call('ZREM', base .. key .. ':p', job)
    end
    redis.call('ZREM', KEYS[1], key .. '\\n' .. job)
  elseif turn then
    leave(key, job, ticket)
  end
  advance(key, limit)
  return 0
end
local answers = {}
for i, s in ipairs(cjson.decode(ARGV[3])) do
  answers[i] = step(s[1], s[2], s[3], s[4], s[5], s[6])
end
return {answers, unready}`,
  },

  /**
   * ARGV[3] most tickets. Answers tickets to look at, who has a turn and is not ready, when the
   * next is due in ms or -1, and tickets that could not be dealt with, which are looked at again
   * later.
   */
  turnSweep: {
    keys: 2,
    lua: `
${NOW}
${LINE}
local due = {}
local failed = {}
local function lookAt(member, key, job)
  local turn = redis.call('HGET', base .. key .. ':h', job)
  local state, ticket, limit
  if turn then state, ticket, limit = fields(turn) else ticket = redis.call('HGET', base .. key .. ':a', job) end
  if state == 'x' then
    leave(key, job, ticket)
    advance(key, tonumber(limit))
  elseif ticket then
    local age = now - math.floor(tonumber(ticket) / 1000)
    check(key, job, now + math.min(math.max(math.floor(age / 2), ${FIRST_CHECK_MS}), ${LONGEST_CHECK_MS}))
    for _, field in ipairs({key, job, turn and 'reserved' or 'away', age, tonumber(limit or 1)}) do
      table.insert(due, field)
    end
  else
    redis.call('ZREM', KEYS[1], member)
  end
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[3])) do
  local key, job = string.match(member, '^([^\\n]*)\\n(.*)$')
  local isDone, fault = pcall(lookAt, member, key, job)
  if not isDone then
    redis.call('ZADD', KEYS[1], now + ${LONGEST_CHECK_MS}, member)
    local text = type(fault) == 'table' and fault.err or tostring(fault)
    for _, field in ipairs({key or '', job or member, text}) do table.insert(failed, field) end
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local nextIn = -1
if first[2] then nextIn = math.max(0, math.ceil(tonumber(first[2]) - now)) end
return {due, unready, nextIn, failed}`,
  },

  /** KEYS[1] as above; ARGV[1] what keys start with. */
  turnKeys: {
    keys: 1,
    lua: `
local found = {}
local seen = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = string.match(member, '^([^\\n]*)\\n')
  if not seen[key] and string.sub(key, 1, #ARGV[1]) == ARGV[1] then
    seen[key] = true
    table.insert(found, key)
  end
end
return found`,
  },

  /**
   * KEYS[1] anything in the slot; ARGV[1] the base, ARGV[2] requests as JSON: [key, job, max, per].
   * Of each key `<base><key>:s` a sorted set of starts, `:f` one of moments that were promised, by
   * their time.
   */
  starts: {
    keys: 1,
    lua: `
${NOW}
local function keep(name, per)
  local last = redis.call('ZRANGE', name, -1, -1, 'WITHSCORES')
  if last[2] then redis.call('PEXPIREAT', name, math.ceil(tonumber(last[2]) + per)) end
end
local function edgeOf(name, count)
  local entry = redis.call('ZRANGE', name, -count, -count, 'WITHSCORES')
  return entry[2] and tonumber(entry[2])
end
local waits = {}
for i, request in ipairs(cjson.decode(ARGV[2])) do
  local key, job, max, per = unpack(request)
  local started, promised = ARGV[1] .. key .. ':s', ARGV[1] .. key .. ':f'
  redis.call('ZREMRANGEBYSCORE', started, '-inf', now - per)
  redis.call('ZREMRANGEBYSCORE', promised, '-inf', now - per)
  local promise = tonumber(redis.call('ZSCORE', promised, job) or nil)
  if promise and promise > now then
    waits[i] = promise - now
  else
    local edge
    if promise then
      redis.call('ZREM', promised, job)
      edge = edgeOf(started, max)
    else
      local ahead = redis.call('ZCARD', promised)
      if ahead >= max then edge = edgeOf(promised, max)
      elseif redis.call('ZCARD', started) + ahead >= max then
        -- All promises are later than all starts, or about to be.
        edge = edgeOf(started, max - ahead)
      end
    end
    local at = edge and math.max(edge + per, now) or now
    if at > now then
      redis.call('ZADD', promised, at, job)
      keep(promised, per)
    else
      redis.call('ZADD', started, now, redis.call('INCR', KEYS[1]))
      keep(started, per)
    end
    waits[i] = at - now
  end
end
return waits`,
  },
} as const;

/** A script of BullMQ's, and how many of its arguments are keys. @internal */
export interface BullmqScript {
  readonly lua: string;
  readonly numberOfKeys: number;
}

/**
 * BullMQ does not export its scripts, but defines them on a client: here on one that keeps the one
 * that is wanted.
 * @internal
 */
export function bullmqScript(
  wanted: string,
  from: { readonly prototype: object } = RedisConnection,
): BullmqScript | undefined {
  let found: BullmqScript | undefined;
  const _client = {
    defineCommand(name: string, script: BullmqScript): void {
      if (name === `${wanted}:`) found = script;
    },
  };
  const { loadCommands } = from.prototype as { loadCommands?: (version: string) => void };
  loadCommands?.call({ _client }, '');
  return found;
}
