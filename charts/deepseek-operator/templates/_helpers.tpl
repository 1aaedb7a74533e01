{{/* Name of everything that is installed: it is one for each cluster, or for each set of namespaces. */}}
{{- define "deepseek-operator.name" -}}
deepseek-operator
{{- end }}

{{/* What the pods are selected by. Never changes: a selector cannot be. */}}
{{- define "deepseek-operator.selector" -}}
app.kubernetes.io/name: {{ include "deepseek-operator.name" . }}
{{- end }}

{{- define "deepseek-operator.labels" -}}
{{ include "deepseek-operator.selector" . }}
app.kubernetes.io/part-of: {{ include "deepseek-operator.name" . }}
{{- end }}

{{- define "deepseek-operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Whom the API server asks is a matter of the whole cluster: with Roles alone there is no webhook. Empty: none. */}}
{{- define "deepseek-operator.hasWebhook" -}}
{{- if and .Values.webhook.enabled (not .Values.watchNamespaces) }}true{{ end }}
{{- end }}

{{/* The Secret with the webhook's certificate; empty: the operator makes its own. */}}
{{- define "deepseek-operator.certSecret" -}}
{{- if include "deepseek-operator.hasWebhook" . }}{{ .Values.webhook.certSecret }}{{ end }}
{{- end }}

{{/* `key=value,key=value`, in the order of the keys. */}}
{{- define "deepseek-operator.monitoringLabels" -}}
{{- $pairs := list -}}
{{- range $key, $value := .Values.monitoring.labels -}}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end }}

{{/* A Role or ClusterRole, and its binding: dict "root" $ "kind" KIND "name" NAME "namespace" NAMESPACE "scopes" (list SCOPE...). */}}
{{- define "deepseek-operator.role" -}}
{{- $rights := .root.Files.Get "files/rights.yaml" | fromYaml -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- include "deepseek-operator.labels" .root | nindent 4 }}
rules:
  {{- range .scopes }}
  {{- get $rights . | toYaml | nindent 2 }}
  {{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- include "deepseek-operator.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "deepseek-operator.name" .root }}
    namespace: {{ .root.Release.Namespace | quote }}
{{- end }}
