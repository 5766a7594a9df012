-- The arithmetic of several.take, inside the store: one clock, one step for all limits.
--
-- ARGV: the time in microseconds or '' for the store's own; 1 for the urgent lane; how many limits,
--       and the rate and its version of each; how many sets of limits, and of each how many limits
--       and which; then runs of messages, as numbers of two octets each: which set, units of a
--       message, how many messages
-- Gives: the time, the wait in microseconds, and how many of each run are granted, up to the last
--        run of which any is
local urgent = ARGV[2] == '1'
local since = begin(ARGV[1])
local place = 3

local function word()
  place = place + 1
  return tonumber(ARGV[place - 1])
end

local function open(limit)
  if not limit.whole then close(limit) return end
  local gone = redis.call('ZRANGEBYSCORE', limit.slots, '-inf', floor((now - limit.hold) / GRAIN) - 1)
  if #gone > 0 then
    for _, held in ipairs(redis.call('HMGET', limit.counts, unpack(gone))) do
      held = tonumber(held or '0')
      local units = held % PART
      limit.used, limit.routine = limit.used - units, limit.routine - (held - units) / PART
    end
    redis.call('HDEL', limit.counts, unpack(gone))
    redis.call('ZREMRANGEBYSCORE', limit.slots, '-inf', gone[#gone])
  end
  -- Something is remembered as held, and where is forgotten: the store was short of memory.
  if limit.used ~= 0 and redis.call('ZCARD', limit.slots) == 0 then close(limit) return end
  local pace = limit.pace / limit.allowed
  local elapsed = max(0, now - max(limit.last, limit.paused))
  limit.debt = max(limit.debt - elapsed / pace, -limit.credit / pace)
end

local limits = {}
for index = 1, word() do
  local rate, version = ARGV[place], ARGV[place + 1]
  place = place + 2
  local limit = read(index, rate, version, since)
  limit.allowed = limit.whole and allowed(limit) or 1
  open(limit)
  limit.allowed = allowed(limit)
  limit.now_pace = limit.pace / limit.allowed
  limit.cap = max(1, floor(limit.units * limit.allowed))
  limit.waiting = limit.vain + SECOND > now and limit.reserve or 0
  limit.kept = urgent and 0 or limit.waiting
  limit.part = floor(limit.cap * ROUTINE_SHARE)
  limit.total, limit.vainly, limit.refused = 0, 0, 0
  limits[index] = limit
end

local sets = {}
for index = 1, word() do
  local set = {}
  for member = 1, word() do set[member] = limits[word()] end
  sets[index] = set
end

local function beside(limit, units, kept)
  return min(floor((limit.cap - limit.used - kept) / units),
    floor((NEARLY - limit.debt - kept) / units) + 1)
end

local function fit(limit, units)
  if limit.paused > now or limit.debt > NEARLY then return 0 end
  if units > limit.cap then
    return (limit.kept > 0 or limit.used > 0) and 0 or 1
  end
  local count = beside(limit, units, 0)
  if limit.kept > 0 then
    count = max(min(count, floor((limit.part - limit.routine) / units)),
      beside(limit, units, limit.kept))
  end
  return max(0, count)
end

local function spend(limit, units, count)
  local whole = min(units, limit.units) * count
  limit.total, limit.used = limit.total + whole, limit.used + whole
  if not urgent then limit.routine = limit.routine + whole end
  if units > limit.cap then
    limit.debt = max(limit.debt, 0) + units
  else
    limit.debt = limit.debt + units * count
  end
end

-- A limit refused somebody: whoever else wants it has to wait behind.
local function block(limit)
  limit.blocked = true
  for _, set in ipairs(sets) do
    for _, member in ipairs(set) do
      if member == limit then set.blocked = true end
    end
  end
end

local counts, heads, last, number = {}, {}, 0, 0
local octets, packed = string.byte, ARGV[place]
for from = 1, #packed, 6 do
  local a, b, c, d, e, f = octets(packed, from, from + 5)
  local set, units, count = sets[a * 256 + b], c * 256 + d, e * 256 + f
  local granted = 0
  if not set.blocked then
    granted = count
    for index = 1, #set do granted = min(granted, fit(set[index], units)) end
    if granted < count then
      for index = 1, #set do
        if fit(set[index], units) <= granted then block(set[index]) end
      end
    end
    if granted > 0 then
      for index = 1, #set do spend(set[index], units, granted) end
      last = number + 1
    end
  end
  if granted < count then
    if not set.head then
      set.head, set.refused, set.missed = units, 0, 0
      heads[#heads + 1] = set
    end
    set.refused, set.missed = set.refused + count - granted, set.missed + units * (count - granted)
  end
  number = number + 1
  counts[number] = granted
end
for _, set in ipairs(heads) do
  for _, limit in ipairs(set) do
    if limit.blocked then
      limit.vainly, limit.refused = limit.vainly + set.refused, limit.refused + set.missed
    end
  end
end

-- Charges what was granted, and counts what was refused.
for _, limit in ipairs(limits) do
  if limit.total > 0 then
    limit.used = limit.used - limit.total
    if not urgent then limit.routine = limit.routine - limit.total end
    add(limit, floor((now + AIR) / GRAIN), limit.total, urgent and 0 or limit.total)
  end
  if urgent then
    -- What others of the urgent lane wait for stays reserved until somebody got it.
    local refused = min(limit.refused, limit.cap)
    limit.reserve = max(limit.waiting - limit.total, refused)
    if refused > 0 then limit.vain = now end
  end
  save(limit)
  if limit.vainly > 0 then
    local second = floor(now / SECOND)
    local kept = redis.call('HMGET', limit.state, 'second', 'urgent', 'quiet')
    if tonumber(kept[1]) ~= second then
      local follows = tonumber(kept[1]) == second - 1
      redis.call('HSET', limit.state, 'second', second, 'urgent', 0, 'quiet', 0,
        'urgent_before', follows and kept[2] or 0, 'quiet_before', follows and kept[3] or 0)
    end
    redis.call('HINCRBY', limit.state, urgent and 'urgent' or 'quiet', limit.vainly)
  end
end

-- When may a message go that was refused, as far as this limit knows?
local function when(limit, units)
  local kept = limit.routine + units > limit.part and limit.kept or 0
  local till = max(now, now + (limit.debt + kept) * limit.now_pace)
  local excess = limit.used + min(units, limit.cap) + kept - limit.cap
  local first = 0
  while excess > 0 do
    local slots = redis.call('ZRANGE', limit.slots, first, first + 15)
    if #slots == 0 then break end
    for index, held in ipairs(redis.call('HMGET', limit.counts, unpack(slots))) do
      if excess <= 0 then break end
      excess = excess - tonumber(held or '0') % PART
      local slot = tonumber(slots[index])
      local free = (slot + 1) * GRAIN + limit.hold
      if slot * GRAIN > now then free = min(free, now + POLL) end
      till = max(till, free)
    end
    first = first + 16
  end
  -- Urgent work may want no more long before.
  if kept > 0 then till = min(till, now + POLL) end
  return max(till, limit.paused)
end

local wait = 0
if #heads > 0 then
  local soonest
  for _, set in ipairs(heads) do
    local till = now
    for _, limit in ipairs(set) do till = max(till, when(limit, set.head)) end
    soonest = soonest and min(soonest, till) or till
  end
  wait = max(math.ceil(soonest - now), EASE)
end
local answer = {string.format('%.0f', now), string.format('%.0f', wait)}
for index = 1, last do answer[index + 2] = counts[index] end
return answer
