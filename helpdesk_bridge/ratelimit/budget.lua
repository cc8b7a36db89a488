-- One step of a rate-limit budget, atomically and by Redis' own clock. The same rules as in ledger.py, holders.py and
-- state.py, whose docstrings say why; tests hold the two against each other.
--
-- KEYS[1]: the budget. ARGV[1]: the step. ARGV[2]: the policy, as JSON. ARGV[3]: the caller and what it knows, as JSON.
-- ARGV[4]: the arguments, as JSON. Answer: birth, time, sharers; what every window has spent; the result.

local FORMAT, UNKNOWN = 3, -math.huge
local FEW_ROWS, MOST_ROWS, FINEST, COARSEST = 32, 256, 1024, 64
local FIRST_PAUSE, HOLDER_SECONDS, MOST_HOLDERS, KEPT_MS = 1 / 60, 3600, 64, 7 * 86400 * 1000
local LATEST, LOOK = 1 / 2, 1 / 128
local policy, caller, args = cjson.decode(ARGV[2]), cjson.decode(ARGV[3]), cjson.decode(ARGV[4])

local function given(value)
  if value == cjson.null then return nil end
  return value
end

-- one window -------------------------------------------------------------------------------------------------------

local Ledger = {}
Ledger.__index = Ledger

local DEFAULTS = {
  used = 0, in_flight = 0, told = false, swept = UNKNOWN, doubtful_until = UNKNOWN, outside_until = UNKNOWN,
  ends_from = UNKNOWN, ends_until = UNKNOWN, restored = 0,
}

local function ledger_of(data, window)
  for name, value in pairs(DEFAULTS) do
    if data[name] == nil then data[name] = value end
  end
  data.rows = data.rows or {} -- each {release, units, earliest}, in the order of release
  data.seconds = window[2]
  data.guard = window[2] * 2e-4
  if not data.told then data.limit = window[1] end
  return setmetatable(data, Ledger)
end

function Ledger:sweep(now)
  local rows, gone = self.rows, 0
  while rows[gone + 1] and rows[gone + 1][1] <= now do
    gone = gone + 1
    self.used = self.used - rows[gone][2]
    self.swept = rows[gone][1]
  end
  if gone > 0 then
    local left = {}
    for number = gone + 1, #rows do left[#left + 1] = rows[number] end
    self.rows = left
  end
end

function Ledger:wait(now, units, spare, ahead)
  local need = self.used + ahead + units - math.max(self.limit - spare, units)
  if self.in_flight > 0 and self.outside_until > now then need = need + self.in_flight end
  if need <= 0 then return 0 end
  for _, row in ipairs(self.rows) do
    need = need - row[2]
    if need <= 0 then return math.max(row[1] - now, 0) end
  end
  local last = self.rows[#self.rows]
  if last and self.in_flight == 0 then return math.max(last[1] - now, 0) end
  return math.huge
end

function Ledger:forecast(now, units, spare)
  local limit = math.max(self.limit - spare, 1)
  local need = self.used + units - limit
  if need <= 0 then return 0 end
  local last = self.rows[#self.rows]
  local unknown = (last and last[3] ~= UNKNOWN) and last[1] or now + self.seconds
  local most = math.max(limit, self.used)
  local rounds, rest, settled = math.floor((need - 1) / most), (need - 1) % most, 0
  for _, row in ipairs(self.rows) do
    settled = settled + row[2]
    rest = rest - row[2]
    if rest < 0 then return math.max(row[1] - now, 0) + rounds * self.seconds end
  end
  return math.max(unknown - now, 0) + rounds * self.seconds
end

function Ledger:sort()
  table.sort(self.rows, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[3] < b[3]
  end)
end

function Ledger:insert(release, units, earliest)
  local rows = self.rows
  local at = #rows + 1
  while at > 1 and rows[at - 1][1] > release do at = at - 1 end
  local row = {release, units, earliest}
  table.insert(rows, at, row)
  return row
end

function Ledger:coarsen()
  local parts = FINEST
  while #self.rows > MOST_ROWS / 2 and parts >= COARSEST do
    local grain, joined, left = self.seconds / parts, {}, {}
    for _, row in ipairs(self.rows) do
      local late = row[1]
      if row[3] == UNKNOWN then late = math.max(late, math.ceil(late / grain) * grain) end
      local name = string.format('%.17g %.17g', late, row[3])
      if joined[name] then
        joined[name][2] = joined[name][2] + row[2]
      else
        joined[name] = {late, row[2], row[3]}
        left[#left + 1] = joined[name]
      end
    end
    self.rows = left
    self:sort()
    parts = parts / 2
  end
end

function Ledger:hold_until(release, units)
  if #self.rows >= FEW_ROWS then
    local grain = self.seconds / FINEST
    release = math.ceil(release / grain) * grain
    local at = #self.rows
    while at > 0 and self.rows[at][1] > release do at = at - 1 end
    local row = self.rows[at]
    if row and row[1] == release and row[3] == UNKNOWN then
      row[2] = row[2] + units
      return row
    end
    if #self.rows >= MOST_ROWS then self:coarsen() end
  end
  return self:insert(release, units, UNKNOWN)
end

function Ledger:believable(earliest, latest, sent, resolution)
  if self.ends_until == UNKNOWN then return true end
  local slack = math.max(2 * resolution, self.seconds / 100)
  if latest < self.ends_from then return earliest <= self.ends_until - self.seconds + slack end
  if earliest <= self.ends_until then return sent <= self.ends_until end
  return latest >= self.ends_from + self.seconds - slack
end

function Ledger:lock_on(units, earliest, latest)
  if latest >= self.ends_from then
    if earliest <= self.ends_until then
      earliest, latest = math.max(earliest, self.ends_from), math.min(latest, self.ends_until)
    end
    self.ends_from, self.ends_until = earliest, latest
  end
  for _, row in ipairs(self.rows) do
    if row[3] ~= UNKNOWN and row[3] <= latest and earliest <= row[1] then
      row[2], row[3] = row[2] + units, math.max(earliest, row[3])
      if latest < row[1] then
        row[1] = latest
        self:sort()
      end
      return row
    end
  end
  return self:insert(latest, units, earliest)
end

function Ledger:charge(units, sent, answered, reset, resolution)
  self.used = self.used + units
  if reset then
    local earliest, latest = sent + reset - resolution, answered + reset + self.guard
    if self:believable(earliest, latest, sent, resolution) then
      if latest - earliest >= self.seconds / 3 then return self:insert(latest, units, UNKNOWN) end
      return self:lock_on(units, earliest, latest)
    end
  end
  return self:hold_until(answered + self.seconds + self.guard, units)
end

function Ledger:observe(remaining, row, sent, exact)
  if self.swept > sent or remaining > self.limit then return end
  local others = 0
  if row[3] ~= UNKNOWN then
    for _, other in ipairs(self.rows) do
      if other ~= row and other[3] ~= UNKNOWN then others = others + other[2] end
    end
  end
  local missing = self.limit - remaining - (self.used - others)
  if missing > 0 then
    row[2] = row[2] + missing
    self.used = self.used + missing
    self.outside_until = math.max(self.outside_until, row[1])
  elseif missing < 0 and exact and self.doubtful_until <= sent then
    self:give_back(-missing, row)
  end
end

function Ledger:give_back(units, newest)
  local told, left = newest[3] ~= UNKNOWN, {}
  for _, row in ipairs(self.rows) do
    if not (told and row ~= newest and row[3] ~= UNKNOWN) then
      local back = math.min(units, row == newest and row[2] - 1 or row[2])
      row[2] = row[2] - back
      self.used = self.used - back
      units = units - back
    end
    if row[2] > 0 then left[#left + 1] = row end
  end
  self.rows = left
end

function Ledger:ends(told, sent, till, resolution)
  local earliest = sent + told - resolution
  if told > self.seconds + resolution or not self:believable(earliest, till, sent, resolution) then return end
  if till > self.ends_until and till - earliest < self.seconds / 3 then
    self.ends_from, self.ends_until = earliest, till
  end
  for _, row in ipairs(self.rows) do
    if row[3] == UNKNOWN and row[1] - self.guard - self.seconds <= sent then row[1] = math.min(row[1], till) end
  end
  self:sort()
end

-- the whole budget -------------------------------------------------------------------------------------------------

local raw = redis.call('GET', KEYS[1])
local state = {v = FORMAT, birth = caller.fresh, ledgers = {}}
if raw then
  local whole, found = pcall(cmsgpack.unpack, raw)
  if not whole or type(found) ~= 'table' or type(found.v) ~= 'number' or type(found.ledgers) ~= 'table' then
    return redis.error_reply('FOREIGN the key holds something else')
  end
  if found.v > FORMAT then return redis.error_reply('NEWER a later version wrote it') end
  state = found
end
state.v = FORMAT
state.birth = state.birth or caller.fresh
state.skew, state.seen = state.skew or 0, state.seen or UNKNOWN
state.blocked_until, state.blocked_at = state.blocked_until or UNKNOWN, state.blocked_at or UNKNOWN
state.strikes = state.strikes or 0
state.flights, state.waiting, state.holders = state.flights or {}, state.waiting or {}, state.holders or {}
for who, holder in pairs(state.holders) do
  if type(holder) == 'number' then state.holders[who] = {holder, UNKNOWN, 0, 0} end -- as format 2 had it
end
for number, window in ipairs(policy.windows) do
  state.ledgers[number] = ledger_of(state.ledgers[number] or {}, window)
end
local speaking = state.ledgers[policy.speaks + 1]

local function read_clock()
  local time = given(caller.now)
  if not time then
    local told = redis.call('TIME')
    time = (told[1] + told[2] / 1e6) * policy.scale
  end
  time = time + state.skew
  if state.birth == caller.birth and time > caller.seen + caller.elapsed * 1.01 + 2 * policy.scale then
    -- The caller's own clock says that less time has passed: this one jumped ahead, or the caller slept.
    local back = math.max(caller.seen + caller.elapsed * 1.01 + 2 * policy.scale, state.seen)
    if back < time then
      state.skew = state.skew - (time - back)
      time = back
    end
  end
  if time < state.seen then
    state.skew = state.skew + (state.seen - time)
    time = state.seen
  end
  state.seen = time
  return time
end

local now = read_clock()

local function land(ident)
  local flight = state.flights[ident]
  if not flight then return nil end
  state.flights[ident] = nil
  for number, ledger in ipairs(state.ledgers) do
    ledger.used = ledger.used - flight.amounts[number]
    ledger.in_flight = ledger.in_flight - flight.amounts[number]
  end
  return flight
end

local lapsed = {}
for ident, flight in pairs(state.flights) do
  if flight.lapses <= now then lapsed[#lapsed + 1] = ident end
end
table.sort(lapsed)
for _, ident in ipairs(lapsed) do
  local flight = land(ident)
  for number, ledger in ipairs(state.ledgers) do
    local amount = flight.amounts[number]
    if amount > 0 then
      ledger.used = ledger.used + amount
      ledger:hold_until(flight.lapses + ledger.seconds + ledger.guard, amount)
      ledger.doubtful_until = math.max(ledger.doubtful_until, flight.lapses + ledger.seconds)
    end
  end
end

local function ahead_of(ident, order)
  local ahead = {}
  for number = 1, #state.ledgers do ahead[number] = 0 end
  for other, waiter in pairs(state.waiting) do
    if waiter.lapses <= now then
      state.waiting[other] = nil
    elseif other ~= ident and (waiter.order < order or (waiter.order == order and other < ident)) then
      for number, amount in ipairs(waiter.amounts) do ahead[number] = ahead[number] + amount end
    end
  end
  return ahead
end

local function forecast(amounts, spares)
  local wait = math.max(state.blocked_until - now, 0)
  for number, ledger in ipairs(state.ledgers) do
    local awaited = policy.awaits_limit and ledger == speaking and not ledger.told and ledger.in_flight > 0
    if amounts[number] > 0 and not awaited then
      ledger:sweep(now)
      wait = math.max(wait, ledger:forecast(now, amounts[number], spares[number]))
    end
  end
  return wait
end

local function sums(left, right)
  local total = {}
  for number, amount in ipairs(left) do total[number] = amount + right[number] end
  return total
end

local function learn(limit)
  if limit then speaking.limit, speaking.told = math.max(limit, 1), true end
end

local function holder_of(who) -- {seen, due, taken, priority}
  state.holders[who] = state.holders[who] or {now, UNKNOWN, 0, 0}
  return state.holders[who]
end

local function yields(mine, units, spare, priority, presence)
  local free = math.max(speaking.limit - spare - speaking.used - units, 0)
  local latest, owed = math.min(speaking.seconds * LATEST, presence), 0
  for _, one in pairs(state.holders) do
    if one[3] < mine[3] and one[2] <= now and now < one[2] + latest and one[4] <= priority then
      owed = owed + (mine[3] - one[3]) * math.min(2 - 2 * (now - one[2]) / latest, 1)
    end
  end
  return math.floor(owed) > free and speaking.seconds * LOOK or 0
end

local Step = {}

function Step.take(ident, amounts, spares, lease, arrived, priority, patience, presence)
  local order = (given(arrived) or now) + priority * speaking.seconds
  local ahead = ahead_of(ident, order)
  local wait = math.max(state.blocked_until - now, 0)
  for number, ledger in ipairs(state.ledgers) do
    if amounts[number] > 0 then
      ledger:sweep(now)
      wait = math.max(wait, ledger:wait(now, amounts[number], spares[number], ahead[number]))
    end
  end
  if wait == 0 then
    state.waiting[ident] = nil
    local mine, spent = holder_of(caller.who), amounts[policy.speaks + 1]
    local pause = spent > 0 and not state.flights[ident] and yields(mine, spent, spares[policy.speaks + 1], priority, presence) or 0
    if pause > 0 then return {pause, now, pause} end
    if not state.flights[ident] then -- a step that is repeated because its answer was lost takes nothing more
      local alone = true
      for _, other in pairs(state.flights) do
        alone, other.alone = false, false
      end
      state.flights[ident] = {amounts = amounts, lapses = now + lease, sent = now, alone = alone}
      for number, ledger in ipairs(state.ledgers) do
        ledger.used = ledger.used + amounts[number]
        ledger.in_flight = ledger.in_flight + amounts[number]
      end
      if now >= mine[2] + speaking.seconds then mine[2], mine[3] = now, 0 end
      mine[3] = mine[3] + spent
    end
    mine[1], mine[4] = now, priority
    return {0, now, 0}
  end
  local expected = forecast(sums(amounts, ahead), spares)
  if expected <= patience then
    local bound = wait < math.huge and wait or 0
    state.waiting[ident] = {order = order, amounts = amounts, lapses = now + bound + presence}
    local mine = holder_of(caller.who)
    mine[1] = now
    if wait < math.huge then mine[2], mine[3], mine[4] = now + wait, 0, priority end
  else
    state.waiting[ident] = nil
  end
  return {wait, now, expected}
end

function Step.forecast(amounts, spares)
  return {forecast(sums(amounts, ahead_of('', math.huge)), spares)}
end

function Step.drop(ident)
  land(ident)
  return {}
end

function Step.leave(ident)
  state.waiting[ident] = nil
  return {}
end

function Step.settle(ident, amounts, told, lost)
  local flight = land(ident) or {sent = UNKNOWN, alone = false}
  local sent = flight.sent
  local limit, remaining, reset = given(told[1]), given(told[2]), given(told[3])
  learn(limit)
  for number, ledger in ipairs(state.ledgers) do
    local speaks = ledger == speaking
    if amounts[number] > 0 then
      local row = ledger:charge(amounts[number], sent, now, speaks and reset or nil, policy.step)
      if speaks and remaining then ledger:observe(remaining, row, sent, policy.exact and flight.alone) end
      if lost then ledger.doubtful_until = math.max(ledger.doubtful_until, now + ledger.seconds) end
    end
  end
  if sent > state.blocked_at then state.strikes = 0 end
  return {}
end

function Step.refuse(ident, told)
  local flight = land(ident)
  local sent = flight and flight.sent or UNKNOWN
  learn(given(told[1]))
  local asked = given(told[4]) or given(told[3])
  if not flight or sent > state.blocked_at then state.strikes = state.strikes + 1 end
  local pause = speaking.seconds * FIRST_PAUSE * 2 ^ math.min(state.strikes - 1, 6)
  local till = now + math.min(pause, speaking.seconds)
  if asked then
    local over = now + math.max(asked, policy.resolution) + speaking.guard
    speaking:ends(asked, sent, over, policy.step)
    till = state.strikes > 1 and math.max(over, till) or over
  end
  state.blocked_at = math.max(state.blocked_at, now)
  state.blocked_until = math.max(state.blocked_until, till)
  return {}
end

function Step.left(number)
  local ledger = state.ledgers[number + 1]
  ledger:sweep(now)
  local blocked, last, ends = state.blocked_until - now, ledger.rows[#ledger.rows], nil
  if last then ends = last[1] - now elseif ledger.in_flight > 0 then ends = ledger.seconds end
  if ends or blocked > 0 then ends = math.max(ends or 0, blocked) end
  return {ledger.limit, blocked > 0 and 0 or math.max(ledger.limit - ledger.used, 0), ends or -1}
end

local function charge_from_elsewhere(ledger, units, ends_in)
  ledger.used = ledger.used + units
  ledger:hold_until(now + ends_in, units)
  ledger.doubtful_until = math.max(ledger.doubtful_until, now + ledger.seconds)
end

function Step.restore(known)
  for number, ledger in ipairs(state.ledgers) do
    local units, ends_in, limit, told = unpack(known[number])
    if told and not ledger.told then ledger.limit, ledger.told = limit, true end
    local missing = units - ledger.restored
    if missing > 0 and ends_in > 0 then
      ledger.restored = ledger.restored + missing
      charge_from_elsewhere(ledger, missing, ends_in)
    end
  end
  return {}
end

function Step.add(spent)
  for number, ledger in ipairs(state.ledgers) do
    local units, ends_in = unpack(spent[number])
    if units > 0 and ends_in > 0 then
      charge_from_elsewhere(ledger, units, ends_in)
    end
  end
  return {}
end

function Step.processes()
  local found = {}
  for who in pairs(state.holders) do found[#found + 1] = who end
  table.sort(found)
  return found
end

local sharers, oldest = 0, nil
for who, holder in pairs(state.holders) do
  if holder[1] <= now - HOLDER_SECONDS then
    state.holders[who] = nil
  else
    sharers = sharers + 1
    if not oldest or holder[1] < state.holders[oldest][1] then oldest = who end
  end
end
if sharers > MOST_HOLDERS then state.holders[oldest] = nil end
if caller.birth ~= 0 and caller.birth ~= state.birth then
  -- The budget was lost and begun anew: the caller still knows what was spent.
  Step.restore(caller.known)
end

local result = Step[ARGV[1]](unpack(args))

local spent = {}
for _, ledger in ipairs(state.ledgers) do
  ledger:sweep(now)
  local ends, last = ledger.in_flight > 0 and ledger.seconds or 0, ledger.rows[#ledger.rows]
  if last then ends = math.max(ends, last[1] - now) end
  spent[#spent + 1] = string.format('%.17g %.17g %.17g %d', ledger.used, ends, ledger.limit, ledger.told and 1 or 0)
  setmetatable(ledger, nil)
end
redis.call('SET', KEYS[1], cmsgpack.pack(state), 'PX', KEPT_MS)

local told = {}
for number, value in ipairs(result) do
  told[number] = type(value) == 'number' and string.format('%.17g', value) or value
end
return {string.format('%.17g', state.birth), string.format('%.17g', now), sharers, table.concat(spent, ' '), told}
