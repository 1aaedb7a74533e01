-- The order is an annotation: <verb>/<revision>/<object UID>/<nonce>. VERB is put in front by the generator.
local status = obj.status or {}
local after = { Switching = true, Watching = true }
local phase = status.rollout and status.rollout.phase or "Idle"
local function revision()
  if VERB == "rollback" then
    return status.rollback and status.rollback.revision
  end
  if VERB == "abort" and after[phase] then
    return status.serving and status.serving.revision
  end
  return status.candidate and status.candidate.revision
end
local target = revision()
if target ~= nil then
  if obj.metadata.annotations == nil then
    obj.metadata.annotations = {}
  end
  local nonce = os.date("!%Y%m%dT%H%M%SZ")
  obj.metadata.annotations["deepseek-operator.io/order"] = VERB .. "/" .. target .. "/" .. obj.metadata.uid .. "/" .. nonce
end
return obj
