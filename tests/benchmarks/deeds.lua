-- wrk posts deeds of many users, ITEMS a request: one by one, or through /v1/batch.
local items, seed, users = tonumber(os.getenv("ITEMS")), os.getenv("SEED"), tonumber(os.getenv("USERS"))
local n = 0
local headers = { ["Authorization"] = "Bearer " .. os.getenv("TOKEN"), ["Content-Type"] = "application/json" }

local function deed()
  n = n + 1
  return string.format(
    '{"effective_at":%s,"user":"u%d","beans":20,"minutes":6,"klass":"labour","fades":20220909}',
    os.getenv("NOW"), (n * 7919) % users)
end

function request()
  if items == 1 then
    local body = deed()
    headers["Idempotency-Key"] = seed .. ":" .. n
    return wrk.format("POST", "/v1/deeds", headers, body)
  end
  local parts = {}
  for k = 1, items do
    local body = deed()
    parts[k] = string.format('{"op":"deeds","idempotency_key":"%s:%d","body":%s}', seed, n, body)
  end
  headers["Idempotency-Key"] = seed .. ":batch:" .. n
  return wrk.format("POST", "/v1/batch", headers, '{"items":[' .. table.concat(parts, ",") .. "]}")
end

function done(summary, latency)
  io.write(string.format("P99 %.3f\n", latency:percentile(99) / 1000))
end
