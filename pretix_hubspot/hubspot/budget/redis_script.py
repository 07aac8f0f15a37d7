"""`RollingWindow.reserve` with the daily reserve, and `RollingWindow.arrived`, each as one atomic Redis script.

The tests hold them equal to the Python algorithm, step by step.
"""

#: KEYS[1]: the state as JSON, as `State.to_json` writes it.
#: ARGV: kind ("crm" or "search"), now in ms ("" for the server's clock), live ("1" or "0"), longest wait in ms,
#: the default state as JSON, the daily reserve in percent, and how many ms a daily number is believed.
#: Returns {granted, wait_ms, policy, refused, now_ms}; numbers are integers.
#: The key expires after a day without calls.
ROLLING_WINDOW_LUA = """
local kind, now, live = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local max_wait, reserve, believed = tonumber(ARGV[4]), tonumber(ARGV[6]), tonumber(ARGV[7])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local state = cjson.decode(redis.call('GET', KEYS[1]) or ARGV[5])
local daily = state.daily
if daily.limit > 0 and daily.at > now - believed and daily.at <= now + 120000 then
  local floor = 0
  if not live then floor = math.floor(daily.limit * reserve / 100) end
  if daily.remaining <= floor then
    return {0, daily.at + believed - now, 'daily', 1, now}
  end
end
local w = state[kind]
local oldest, grants = now - w.interval - w.margin - 2000, {}
for _, grant in ipairs(w.grants) do
  if grant > oldest and grant <= now + 120000 then grants[#grants + 1] = grant end
end
while #grants > 500 do table.remove(grants, 1) end
if not (now < w.blocked and w.blocked <= now + 172800000) then
  w.blocked, w.blocked_policy = 0, ''
end
local usable = w.limit
if not live then usable = math.max(1, w.limit - math.max(1, math.floor(w.limit / 10))) end
local free = math.max(now, w.blocked)
if #grants > 0 then free = math.max(free, grants[#grants]) end
if #grants >= usable then free = math.max(free, grants[#grants - usable + 1] + w.interval + w.margin) end
local wait, policy = free - now, w.policy
if now < w.blocked and w.blocked == free then policy = w.blocked_policy end
local granted, refused = 1, 0
if wait > max_wait then
  granted, refused = 0, 1
elseif wait > 0 and not live then
  granted = 0
else
  grants[#grants + 1] = free
end
w.grants = grants
redis.call('SET', KEYS[1], cjson.encode(state), 'PX', 86400000)
return {granted, wait, policy, refused, now}
"""

#: KEYS[1]: the state as above. ARGV: kind, then for each call its grant and its latest moment of arrival, in ms.
ARRIVED_LUA = """
local stored = redis.call('GET', KEYS[1])
if not stored then return end
local state = cjson.decode(stored)
local w = state[ARGV[1]]
for argument = 2, #ARGV, 2 do
  local granted = tonumber(ARGV[argument])
  local arrived = math.max(granted, tonumber(ARGV[argument + 1])) - w.margin
  for number, grant in ipairs(w.grants) do
    if grant == granted then
      w.grants[number] = arrived
      break
    end
  end
end
table.sort(w.grants)
redis.call('SET', KEYS[1], cjson.encode(state), 'PX', 86400000)
"""
