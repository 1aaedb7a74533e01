-- Which orders there are now, as `kubectl deepseek` gives them.
local actions = {}
local status = obj.status or {}
local phase = status.rollout and status.rollout.phase or "Idle"
local paused = obj.spec.rollout and obj.spec.rollout.paused or false
local before = { Waiting = true, Scheduling = true, Loading = true, Proving = true, AwaitingPromotion = true }
local after = { Switching = true, Watching = true }
local candidate = status.candidate ~= nil

actions["promote"] = { disabled = not (before[phase] and candidate) or paused }
actions["abort"] = { disabled = not ((before[phase] and candidate) or after[phase]) }
actions["retry"] = { disabled = not (phase == "Held" and candidate) }
actions["rollback"] = { disabled = status.rollback == nil }
return actions
