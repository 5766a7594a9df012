-- The arithmetic of window.py, inside the store: one clock, one step at a time.
--
-- KEYS: the limit's state (hash), its log (list of "slot:at:units:routine"), all rates (hash)
-- ARGV: the limit's name, the rule by settings ("units:window:pace:credit:grain:routine:margin"),
--       1 for the urgent lane, the time in microseconds or "" for the store's own, and the costs
-- Gives: how many messages, the wait in microseconds, the time, and the slot of the grant
local state_key, log_key, rates_key = KEYS[1], KEYS[2], KEYS[3]
local SECOND = 1000000
local KEEP = 86400

local function numbers(text)
  local list = {}
  for word in string.gmatch(text, '[^:]+') do
    list[#list + 1] = tonumber(word)
  end
  return list
end

local function text(number)
  return string.format('%.3f', number)
end

local set = redis.call('HGET', rates_key, ARGV[1])
local rule = numbers(set or ARGV[2])
local units, window, pace = rule[1], rule[2], rule[3]
local credit, grain, routine_most, margin = rule[4], rule[5], rule[6], rule[7]
local urgent = ARGV[3] == '1'
local now
if ARGV[4] == '' then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * SECOND + tonumber(time[2])
else
  now = tonumber(ARGV[4])
end

local kept = redis.call('HMGET', state_key, 'run', 'last', 'paced', 'urgent', 'used', 'routine')
local last, paced = tonumber(kept[2]), tonumber(kept[3])
local asked, used, routine = tonumber(kept[4]), tonumber(kept[5]), tonumber(kept[6])
-- A store that was started again may have forgotten its last moments: it begins closed. Nobody
-- starts one within 20 ms, so the question (40 microseconds) is spared while work is brisk.
local run = kept[1]
if not last or now - last > 20000 then
  run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
end
local function close()
  last, paced, asked, used, routine = now, now, -SECOND, units, units
  redis.call('DEL', log_key)
  redis.call('RPUSH', log_key,
    table.concat({math.floor(now / grain), text(now), units, units}, ':'))
end
if not last or kept[1] ~= run or now < last - SECOND then close() end
now = math.max(now, last)

-- Forget what is older than the window.
while true do
  local head = redis.call('LINDEX', log_key, 0)
  if not head then
    -- Something is remembered as used and the log of it is gone: the store was short of memory.
    if used > 0 then close() end
    break
  end
  local entry = numbers(head)
  if entry[2] + window > now then break end
  redis.call('LPOP', log_key)
  used, routine = used - entry[3], routine - entry[4]
end

if urgent then asked = now end
local held = not urgent and asked + SECOND > now
paced = math.max(paced, now - credit)
local count, total, at = 0, 0, now
for index = 5, #ARGV do
  local cost = tonumber(ARGV[index])
  local whole = math.min(cost, units)
  if paced > now or used + total + whole > units then break end
  if held and routine + total + cost > routine_most then break end
  count, total = count + 1, total + whole
  paced = paced + cost * pace
  if cost > units then
    at = now + (cost / units - 1) * (window - margin)
    break
  end
end

local wait = 0
if count > 0 then
  local slot, mine = math.floor(at / grain), urgent and 0 or total
  local tail = redis.call('LINDEX', log_key, -1)
  local entry = tail and numbers(tail)
  if entry and entry[1] == slot then
    redis.call('LSET', log_key, -1,
      table.concat({slot, text(at), entry[3] + total, entry[4] + mine}, ':'))
  else
    redis.call('RPUSH', log_key, table.concat({slot, text(at), total, mine}, ':'))
  end
  used, routine = used + total, routine + mine
elseif #ARGV >= 5 then
  local till = paced
  local excess = used + math.min(tonumber(ARGV[5]), units) - units
  local index = 0
  while excess > 0 do
    local item = redis.call('LINDEX', log_key, index)
    if not item then break end
    local entry = numbers(item)
    excess = excess - entry[3]
    till = math.max(till, entry[2] + window)
    index = index + 1
  end
  if held then
    till = math.max(till, math.min(asked + SECOND, now + SECOND / 8))
  end
  wait = math.max(till - now, 1)
end

redis.call('HSET', state_key, 'run', run, 'last', text(now), 'paced', text(paced),
  'urgent', text(asked), 'used', used, 'routine', routine)
redis.call('EXPIRE', state_key, KEEP)
redis.call('EXPIRE', log_key, KEEP)
return {count, math.ceil(wait), string.format('%.0f', now),
  string.format('%.0f', math.floor(at / grain))}
