-- The arithmetic of window.landed, inside the store.
--
-- KEYS: the limit's state (hash), its log (list of "slot:at:units:routine"), all rates (hash)
-- ARGV: the limit's name, the rule by settings, 1 for the urgent lane, the time in microseconds or
--       "" for the store's own, and pairs of a grant's slot and units
-- Gives: the slot of this moment
local state_key, log_key, rates_key = KEYS[1], KEYS[2], KEYS[3]
local SECOND = 1000000

local function numbers(text)
  local list = {}
  for word in string.gmatch(text, '[^:]+') do
    list[#list + 1] = tonumber(word)
  end
  return list
end

local function entry_of(slot, at, units, routine)
  return table.concat({string.format('%.0f', slot), string.format('%.3f', at), units, routine}, ':')
end

local rule = numbers(redis.call('HGET', rates_key, ARGV[1]) or ARGV[2])
local grain = rule[5]
local urgent = ARGV[3] == '1'
local now
if ARGV[4] == '' then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * SECOND + tonumber(time[2])
else
  now = tonumber(ARGV[4])
end

local kept = redis.call('HMGET', state_key, 'last', 'used', 'routine')
local last, used, routine = tonumber(kept[1]), tonumber(kept[2]), tonumber(kept[3])
-- A store that was flushed begins closed at the next question; there is nothing to charge.
if not last then return '0' end
now = math.max(now, last)

local wanted = {}
for index = 5, #ARGV, 2 do
  local slot = tonumber(ARGV[index])
  wanted[slot] = (wanted[slot] or 0) + tonumber(ARGV[index + 1])
end

for index, item in ipairs(redis.call('LRANGE', log_key, 0, -1)) do
  local entry = numbers(item)
  local units = wanted[entry[1]] or 0
  if units > 0 and entry[2] > now then
    wanted[entry[1]] = 0
  elseif units > 0 then
    local moved = math.min(units, entry[3])
    local mine = urgent and 0 or math.min(moved, entry[4])
    redis.call('LSET', log_key, index - 1,
      entry_of(entry[1], entry[2], entry[3] - moved, entry[4] - mine))
    used, routine = used - moved, routine - mine
  end
end

local total = 0
for _, units in pairs(wanted) do
  total = total + units
end
if total > 0 then
  local slot, mine = math.floor(now / grain), urgent and 0 or total
  local tail = redis.call('LINDEX', log_key, -1)
  local entry = tail and numbers(tail)
  if entry and entry[1] == slot then
    redis.call('LSET', log_key, -1, entry_of(slot, now, entry[3] + total, entry[4] + mine))
  else
    redis.call('RPUSH', log_key, entry_of(slot, now, total, mine))
  end
  used, routine = used + total, routine + mine
end
redis.call('HSET', state_key, 'last', string.format('%.3f', now), 'used', used, 'routine', routine)
return string.format('%.0f', math.floor(now / grain))
