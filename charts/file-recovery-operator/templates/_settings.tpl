{{/* The guest's memory: what the VM has, its overlay (an emptyDir in memory counts too), and QEMU itself. */}}
{{- define "frec.guestResources" -}}
{{- $memory := printf "%dMi" (add .Values.guest.memoryMiB .Values.guest.overlayMiB 192) -}}
{{- $given := default (dict) .Values.resources.guest -}}
{{- $computed := dict "requests" (dict "memory" $memory) "limits" (dict "memory" $memory) -}}
{{- mergeOverwrite $computed (deepCopy $given) | toJson -}}
{{- end }}

{{/* /etc/file-recovery/settings.json; its fields: src/api/settings.ts. */}}
{{- define "frec.settings" -}}
{{- $pullSecrets := list -}}
{{- range .Values.imagePullSecrets }}{{ $pullSecrets = append $pullSecrets .name }}{{ end -}}
{{- $settings := dict
  "engineImage" (include "frec.engineImage" .)
  "imagePullPolicy" .Values.images.engine.pullPolicy
  "imagePullSecrets" $pullSecrets
  "instance" (include "frec.instance" .)
  "operatorNamespace" (include "frec.namespace" .)
  "operatorLabels" (include "frec.selectorLabels" . | fromYaml)
  "diskGroup" .Values.diskGroup
  "guest" .Values.guest
  "resources" (dict "target" .Values.resources.target "files" .Values.resources.files "guest" (include "frec.guestResources" . | fromJson))
  "nodeSelector" .Values.sessions.nodeSelector
  "tolerations" .Values.sessions.tolerations
  "maxTtl" .Values.maxTtl
  "pendingTimeout" .Values.pendingTimeout
  "limits" .Values.limits
  "policies" (dict "prefix" (include "frec.policyPrefix" .) "names" (include "frec.policyNames" . | fromYamlArray))
  "workers" .Values.workers
  "kubeApi" .Values.kubeApi
  "logLevel" .Values.logLevel
  "healthPort" 8080
  "leaseName" (include "frec.fullname" .)
  "authoritySecret" (include "frec.authoritySecret" .)
  "authorityDir" "/etc/file-recovery/authority"
-}}
{{- with .Values.kvm.resource }}{{ $_ := set $settings "kvmResource" . }}{{ end -}}
{{- with .Values.sessions.priorityClassName }}{{ $_ := set $settings "priorityClassName" . }}{{ end -}}
{{- toPrettyJson $settings -}}
{{- end }}
