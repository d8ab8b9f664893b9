-- What wrk sends: the requests of a file in turn, each after its length. Counts answers that are no answers.
--
-- Arguments: the file; the least length of a right answer's body; the first number for requests that carry one, or "-".
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  asks, at = {}, 0
  for length in file:lines() do
    table.insert(asks, file:read(tonumber(length)))
    file:read(1)
  end
  file:close()
  shortest, number, wrong, said = tonumber(args[2]), tonumber(args[3]), 0, ""
end

function request()
  at = at % #asks + 1
  if not number then return asks[at] end
  number = number + 1
  return (asks[at]:gsub("@@@@@@@@@", string.format("%09d", number % 1000000000)))
end

function response(status, _, body)
  if status ~= 200 or #body < shortest or body:find('"errors"', 1, true) then
    wrong = wrong + 1
    said = status .. " " .. body:sub(1, 500)
  end
end

function done(summary, latency)
  local wrong, said = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong")
    if thread:get("said") ~= "" then said = thread:get("said") end
  end
  local failed = summary.errors
  io.write(string.format(
    "\nMEASURED %d %d %d %d %d %d\n%s\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), wrong, failed.connect + failed.read + failed.write + failed.timeout, said))
end
