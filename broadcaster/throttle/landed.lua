-- The arithmetic of window.landed, inside the store.
--
-- ARGV: the time in microseconds or '' for the store's own; 1 for the urgent lane; how many limits,
--       and the rate and its version of each; then groups of messages: which limit, the mark of their
--       last charge, units of a message, how many messages, and how long ago it was, in microseconds:
--       -AIR when they are in the air still
-- Gives: the time
local urgent = ARGV[2] == '1'
local since = begin(ARGV[1])
local limits, place = {}, 4
for index = 1, tonumber(ARGV[3]) do
  limits[index] = read(index, ARGV[place], ARGV[place + 1], since)
  place = place + 2
end
local touched = {}
for index = place, #ARGV, 5 do
  local limit = limits[tonumber(ARGV[index])]
  -- A limit of which nothing is known begins closed at the next question: nothing to charge.
  if limit.whole then
    local mark = tonumber(ARGV[index + 1])
    local units = min(tonumber(ARGV[index + 2]), limit.units) * tonumber(ARGV[index + 3])
    -- A mark is twice the moment, and 1 more when it was given here.
    local moment = floor(mark / 2)
    local at = now - tonumber(ARGV[index + 4])
    local from = mark % 2 == 1 and at or max(at, moment)
    touched[limit] = true
    drop(limit, floor((moment + AIR) / GRAIN), units, urgent)
    add(limit, floor(from / GRAIN), units, urgent and 0 or units)
  end
end
for limit in pairs(touched) do
  redis.call('HSET', limit.state, 'used', limit.used, 'routine', limit.routine)
end
return string.format('%.0f', now)
