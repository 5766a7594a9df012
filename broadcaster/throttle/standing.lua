-- How limits stand now; changes nothing.
--
-- ARGV: the time in microseconds or '' for the store's own; the rate and its version of each limit
-- Gives: the time, and of each limit the rate in force, the share of it that is allowed, the units
--        that count, the messages that asked in vain by lane, and until when nothing may leave
local time = redis.call('TIME')
now = tonumber(ARGV[1]) or tonumber(time[1]) * SECOND + tonumber(time[2])
local since = tonumber(redis.call('HGET', KEYS[1], 'since') or now + 1)
local answer = {string.format('%.0f', now)}
for index = 1, (#KEYS - 1) / 3 do
  local limit = read(index, ARGV[2 * index], ARGV[2 * index + 1], since)
  local share, used, paused, urgent, quiet = 1, 0, 0, 0, 0
  if limit.whole then
    share, paused = allowed(limit), limit.paused
    if now <= limit.last + limit.hold + AIR + GRAIN then
      local over = floor((now - limit.hold) / GRAIN) - 1
      used = limit.used
      local gone = redis.call('ZRANGEBYSCORE', limit.slots, '-inf', over)
      if #gone > 0 then
        for _, held in ipairs(redis.call('HMGET', limit.counts, unpack(gone))) do
          used = used - tonumber(held or '0') % PART
        end
      end
    end
    local kept = redis.call('HMGET', limit.state, 'second', 'urgent', 'quiet', 'urgent_before',
      'quiet_before')
    local age = floor(now / SECOND) - tonumber(kept[1] or '0')
    if age <= 1 then urgent, quiet = tonumber(kept[2]), tonumber(kept[3]) end
    if age == 0 then
      urgent, quiet = urgent + tonumber(kept[4]), quiet + tonumber(kept[5])
    end
  end
  answer[index + 1] = {string.format('%.17g', limit.rate), string.format('%.17g', share), used,
    urgent, quiet, string.format('%.0f', paused)}
end
return answer
