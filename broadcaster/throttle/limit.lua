-- What the scripts share; it stands before each of them. `window.py` and `slowing.py` hold the same
-- arithmetic as the text to reason about; the constants come from there.
--
-- KEYS[1] holds for all limits: `run` and `last`, which server remembers and until when, and
-- `since`, the moment from which it remembers everything. Then each limit has three keys:
--   its state   hash: `last`, `used` and `routine` (units held, and those of the routine lane),
--               `debt`, `vain`, `reserve`, `share`, `slowed`, `paused` (see window.State); `rate`,
--               `version` and `known` (the rate in force, how new it is, when somebody last knew of
--               it); `second`, `urgent`, `quiet`, `urgent_before`, `quiet_before` (messages that
--               asked in vain in that second and in the one before)
--   its slots   sorted set of the grains in which units are held
--   its units   hash: what each slot holds, `units + routine * PART`
-- All share one slot of a cluster, by the braces in their names.
local PART = 16777216
local KEEP = 86400
local floor, max, min = math.floor, math.max, math.min
local now

-- Finds out when it is, and whether everything is remembered. Nobody starts a server within 20 ms,
-- so the question whether it is still the same (40 microseconds) is spared while work is brisk.
local function begin(given)
  if given == '' then
    local time = redis.call('TIME')
    now = tonumber(time[1]) * SECOND + tonumber(time[2])
  else
    now = tonumber(given)
  end
  local kept = redis.call('HMGET', KEYS[1], 'run', 'last', 'since')
  local last, since = tonumber(kept[2]), tonumber(kept[3])
  -- This is the first thing written: a store that is out of memory refuses it before any change.
  if not last or now > last + 20000 or now < last - SECOND then
    local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
    if not last or kept[1] ~= run or now < last - SECOND then since, last = now, now end
    redis.call('HSET', KEYS[1], 'run', run, 'last', max(now, last), 'since', since)
    redis.call('EXPIRE', KEYS[1], KEEP)
  else
    redis.call('HSET', KEYS[1], 'last', max(now, last))
  end
  now = max(now, last)
  return since
end

-- Reads the limit number `index`; `set` and `version` are the rate as the asker knows it.
local function read(index, set, version, since)
  local limit = {state = KEYS[3 * index - 1], slots = KEYS[3 * index], counts = KEYS[3 * index + 1]}
  local kept = redis.call('HMGET', limit.state, 'last', 'used', 'routine', 'debt', 'vain', 'share',
    'slowed', 'paused', 'rate', 'version', 'known', 'reserve', 'rest')
  local newer = tonumber(kept[10] or '0')
  limit.rate, limit.version, limit.known = tonumber(set), tonumber(version), now
  if newer > limit.version and now < tonumber(kept[11]) + NEWS then
    limit.rate, limit.version, limit.known = tonumber(kept[9]), newer, tonumber(kept[11])
  end
  local stretch = limit.rate >= 1 and 1 or 1 / limit.rate
  limit.units = max(1, floor(limit.rate))
  limit.hold = SECOND * stretch + MARGIN
  limit.pace = SECOND * stretch / limit.units
  limit.credit = CREDIT * stretch
  limit.last = tonumber(kept[1])
  limit.whole = limit.last and limit.last >= since and limit.last <= now
  if limit.whole then
    limit.used, limit.routine = tonumber(kept[2]), tonumber(kept[3])
    limit.debt, limit.vain = tonumber(kept[4]), tonumber(kept[5])
    limit.share, limit.reserve = tonumber(kept[6]), tonumber(kept[12])
    limit.slowed, limit.paused = tonumber(kept[7]), tonumber(kept[8])
    limit.rest = tonumber(kept[13] or REST)
  end
  return limit
end

local function allowed(limit)
  local rested = now - limit.slowed - limit.rest
  if rested <= 0 then return limit.share end
  return min(1, limit.share + rested / RISE)
end

-- Holds units in a slot.
local function add(limit, slot, units, routine)
  local more = units + routine * PART
  if redis.call('HINCRBY', limit.counts, slot, more) == more then
    redis.call('ZADD', limit.slots, slot, slot)
  end
  limit.used, limit.routine = limit.used + units, limit.routine + routine
end

-- Lets go what is held in a slot, up to so many units.
local function drop(limit, slot, units, urgent)
  local held = tonumber(redis.call('HGET', limit.counts, slot) or '0')
  local there = held % PART
  local moved = min(units, there)
  if moved == 0 then return end
  local mine = urgent and 0 or min(moved, (held - there) / PART)
  if moved == there then
    mine = (held - there) / PART
    redis.call('HDEL', limit.counts, slot)
    redis.call('ZREM', limit.slots, slot)
  else
    redis.call('HINCRBY', limit.counts, slot, -moved - mine * PART)
  end
  limit.used, limit.routine = limit.used - moved, limit.routine - mine
end

-- Begins anew, as if all had just arrived.
local function close(limit)
  redis.call('DEL', limit.slots, limit.counts)
  limit.used, limit.routine, limit.debt, limit.vain, limit.reserve = 0, 0, 0, 0, 0
  limit.share, limit.slowed, limit.rest = 1, 0, 0
  limit.paused = math.ceil((floor(now / GRAIN) + 1) * GRAIN + limit.hold)
  limit.whole = true
  add(limit, floor(now / GRAIN), limit.units, limit.units)
  redis.call('EXPIRE', limit.slots, KEEP)
  redis.call('EXPIRE', limit.counts, KEEP)
  redis.call('EXPIRE', limit.state, KEEP)
end

local function save(limit)
  redis.call('HSET', limit.state, 'last', now, 'used', limit.used, 'routine', limit.routine,
    'debt', limit.debt, 'vain', limit.vain, 'reserve', limit.reserve, 'share', limit.share,
    'slowed', limit.slowed, 'paused', limit.paused, 'rate', limit.rate, 'version', limit.version,
    'known', limit.known, 'rest', limit.rest)
end
