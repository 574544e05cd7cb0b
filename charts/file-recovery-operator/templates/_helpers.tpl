{{/* Begins every name. Names frsess-* are refused by the policies of this very chart. */}}
{{- define "frec.fullname" -}}
{{- $name := default .Release.Name .Values.fullnameOverride | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- if hasPrefix "frsess-" $name }}{{ fail "the name of the installation must not begin with frsess-: such names belong to sessions" }}{{ end -}}
{{- $name -}}
{{- end }}

{{- define "frec.namespace" -}}
{{ default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- define "frec.instance" -}}
{{ default .Release.Name .Values.instance }}
{{- end }}

{{/* What selects the operator's pods; also told to the operator, whose sessions let in these pods and no others. */}}
{{- define "frec.selectorLabels" -}}
app.kubernetes.io/name: file-recovery-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "frec.labels" -}}
{{ include "frec.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: file-recovery
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels and annotations of an object's metadata. */}}
{{- define "frec.metadata" -}}
labels:
  {{- include "frec.labels" . | nindent 2 }}
{{- with .Values.extraAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The reference of an image: list of its values and the root. */}}
{{- define "frec.image" -}}
{{- $image := index . 0 -}}
{{- $image.repository }}:{{ default (index . 1).Chart.AppVersion $image.tag }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "frec.engineImage" -}}
{{ include "frec.image" (list .Values.images.engine .) }}
{{- end }}

{{- define "frec.operatorImage" -}}
{{ include "frec.image" (list .Values.images.operator .) }}
{{- end }}

{{- define "frec.authoritySecret" -}}
{{ default (printf "%s-authority" (include "frec.fullname" .)) .Values.authority.existingSecret }}
{{- end }}

{{/* The API server's names of the three accounts. */}}
{{- define "frec.operatorUser" -}}
system:serviceaccount:{{ include "frec.namespace" . }}:{{ include "frec.fullname" . }}
{{- end }}

{{- define "frec.hookUser" -}}
system:serviceaccount:{{ include "frec.namespace" . }}:{{ include "frec.fullname" . }}-init-authority
{{- end }}

{{- define "frec.releaseUser" -}}
system:serviceaccount:{{ include "frec.namespace" . }}:{{ include "frec.fullname" . }}-release-all
{{- end }}

{{/* The match condition of the policies that bind everybody but ourselves. */}}
{{- define "frec.notOurs" -}}
- name: is-not-the-operator
  expression: "!(request.userInfo.username in ['{{ include "frec.operatorUser" . }}', '{{ include "frec.hookUser" . }}'])"
{{- end }}

{{- define "frec.policyPrefix" -}}
{{ include "frec.fullname" . }}-
{{- end }}

{{/* Without each of these, and its binding, the operator accepts no session. */}}
{{- define "frec.policyNames" -}}
["requester", "requester-copies", "operator-pods", "operator-unlocks", "operator-copies", "operator-objects", "operator-deletes", "names", "references", "exec"]
{{- end }}

{{/* The binding of a policy: list of its short name and the root. */}}
{{- define "frec.binding" -}}
{{- $name := printf "%s%s" (include "frec.policyPrefix" (index . 1)) (index . 0) -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}
  {{- include "frec.metadata" (index . 1) | nindent 2 }}
spec:
  policyName: {{ $name }}
  validationActions: [Deny]
{{- end }}

{{/* What a container needs for Pod Security restricted. */}}
{{- define "frec.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "frec.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Labels and annotations of what lives only as long as a hook: list of the hooks, the weight and the root. The annotations come last. */}}
{{- define "frec.hookMetadata" -}}
{{- $root := index . 2 -}}
labels:
  {{- include "frec.labels" $root | nindent 2 }}
annotations:
  helm.sh/hook: {{ index . 0 }}
  helm.sh/hook-weight: {{ index . 1 | quote }}
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
  {{- with $root.Values.extraAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* What the pods of all hooks have in common: list of the account and the root. */}}
{{- define "frec.hookPod" -}}
{{- $root := index . 1 -}}
restartPolicy: Never
serviceAccountName: {{ index . 0 }}
automountServiceAccountToken: true
enableServiceLinks: false
securityContext:
  {{- include "frec.podSecurityContext" $root | nindent 2 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.operator.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.operator.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Egress to the API server, whose address can't be named by labels, and to DNS. */}}
{{- define "frec.apiEgress" -}}
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - { port: {{ . }} }
    {{- end }}
- ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
{{- end }}
