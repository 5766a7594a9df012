-- The arithmetic of slowing.slowed, inside the store.
--
-- ARGV: the time in microseconds or '' for the store's own; how long nothing may leave, in
--       microseconds; the rate and its version; which part of what was sent was refused
-- Gives: the share that is allowed now
local since = begin(ARGV[1])
local limit = read(1, ARGV[3], ARGV[4], since)
local pause, part = tonumber(ARGV[2]), tonumber(ARGV[5])
if not limit.whole then
  close(limit)
  limit.last = now
end
if pause > 0 then limit.paused = max(limit.paused, now + min(pause, LONGEST)) end
if now - limit.slowed >= ONCE then
  limit.share = max(LEAST, allowed(limit) * (1 - part / 2))
  limit.slowed, limit.rest = now, floor(REST * part)
end
local last = limit.last
save(limit)
-- The pace is reckoned from when it was last asked.
redis.call('HSET', limit.state, 'last', last)
return string.format('%.17g', limit.share)
