/** Every kind that has objects in a namespace, but the one that tokens belong in. */
export const KINDS = [
  'deepseekdeployments,deployments,replicasets,pods,services,endpointslices,controllerrevisions,serviceaccounts',
  'configmaps,poddisruptionbudgets,networkpolicies,horizontalpodautoscalers,events,leases',
].join(',');
