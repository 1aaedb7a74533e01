-- Health of a DeepSeekDeployment for Argo CD, by the conditions of kstatus.
-- Healthy: what is asked for serves. Progressing: the operator works on it, or waits for GPUs. Suspended: a person is waited for.
-- Degraded: nothing will change until somebody acts, or what served before answers nobody.
local hs = { status = "Progressing", message = "The operator has not looked at it yet." }
local status = obj.status
if status == nil or status.conditions == nil then
  return hs
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local ready, stalled, available = conditions["Ready"], conditions["Stalled"], conditions["Available"]
if ready == nil then
  return hs
end
hs.message = ready.message

if status.observedGeneration ~= nil and obj.metadata.generation ~= nil and status.observedGeneration < obj.metadata.generation then
  hs.message = "The operator has not seen the last change yet."
  return hs
end
if stalled ~= nil and stalled.status == "True" then
  hs.status = "Degraded"
  hs.message = stalled.message
  return hs
end
if ready.status == "True" then
  hs.status = "Healthy"
  return hs
end
-- An outage comes before a person who is waited for. It was announced where the old version stops first (Recreate) until the new one
-- answers, unless the rollout is paused, and is wanted at 0 replicas.
local down = status.serving ~= nil and available ~= nil and available.status == "False" and available.reason ~= "ScaledToZero"
local rollout = status.rollout or {}
local starts = { Scheduling = true, Loading = true, Proving = true, AwaitingPromotion = true, Switching = true }
local announced = rollout.way == "Recreate" and starts[rollout.phase] == true and ready.reason ~= "Paused"
if down and not announced then
  hs.status = "Degraded"
  hs.message = available.message
  return hs
end
if ready.reason == "Paused" or ready.reason == "AwaitingPromotion" then
  hs.status = "Suspended"
  return hs
end
return hs
