{{- /* What every pod of ours has alike. Takes (dict "root" $ "component" "extract" "nodeSelector" ... "tolerations" ...). */ -}}
{{- define "similarfaces.podSpec" -}}
{{- $root := .root -}}
serviceAccountName: {{ include "similarfaces.serviceAccount" $root }}
# A role of IRSA or Pod Identity is injected all the same; nothing here talks to the API server.
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.topologySpread }}
topologySpreadConstraints:
  {{- range . }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "similarfaces.selector" $root | nindent 8 }}
        app.kubernetes.io/component: {{ $.component }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end -}}

{{- define "similarfaces.podAnnotations" -}}
checksum/config: {{ include "similarfaces.config" . | sha256sum }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "similarfaces.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- /* How a pod is let in at the broker. Takes (list $ "age"): the root, and its user there. */ -}}
{{- define "similarfaces.natsEnv" -}}
{{- $root := index . 0 -}}
{{- $kind := $root.Values.nats.auth.kind -}}
{{- with include "similarfaces.natsAuthSecret" $root }}
{{- if eq $kind "users" }}
- { name: NATS_USER, value: {{ index $ 1 }} }
- name: NATS_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ . }}, key: {{ index $ 1 }} } }
{{- else if eq $kind "token" }}
- name: NATS_TOKEN
  valueFrom: { secretKeyRef: { name: {{ . }}, key: token } }
{{- else }}
- name: NATS_CREDENTIALS_FILE
  value: /etc/nats/credentials
{{- end }}
{{- end }}
{{- if include "similarfaces.natsCaSecret" $root }}
- name: NATS_CA_FILE
  value: /etc/nats-ca/ca.crt
{{- end }}
{{- end -}}

{{- /* What is secret, by reference: a value never stands in a manifest of this chart. */ -}}
{{- define "similarfaces.secretEnv" -}}
{{- if and .Values.tracing.endpoint .Values.tracing.existingSecret }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom: { secretKeyRef: { name: {{ .Values.tracing.existingSecret }}, key: headers } }
{{- end }}
{{- if and (eq .Values.blobs.driver "s3") .Values.blobs.s3.existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom: { secretKeyRef: { name: {{ .Values.blobs.s3.existingSecret }}, key: access-key-id } }
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: { secretKeyRef: { name: {{ .Values.blobs.s3.existingSecret }}, key: secret-access-key } }
{{- end }}
{{- end -}}

{{- define "similarfaces.volumeMounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if and .Values.nats.auth.existingSecret (eq .Values.nats.auth.kind "credentials") }}
- { name: nats-credentials, mountPath: /etc/nats, readOnly: true }
{{- end }}
{{- if include "similarfaces.natsCaSecret" . }}
- { name: nats-ca, mountPath: /etc/nats-ca, readOnly: true }
{{- end }}
{{- end -}}

{{- define "similarfaces.volumes" -}}
- name: tmp
  emptyDir: {}
{{- if and .Values.nats.auth.existingSecret (eq .Values.nats.auth.kind "credentials") }}
- name: nats-credentials
  secret:
    secretName: {{ .Values.nats.auth.existingSecret }}
    items: [{ key: credentials, path: credentials }]
{{- end }}
{{- with include "similarfaces.natsCaSecret" . }}
- name: nats-ca
  secret:
    secretName: {{ . }}
    items: [{ key: ca.crt, path: ca.crt }]
{{- end }}
{{- end -}}

{{- /* Folders with analyzers of one's own, where models are read. */ -}}
{{- define "similarfaces.analyzerMounts" -}}
{{- range $name := keys .Values.models.analyzerVolumes | sortAlpha }}
- { name: analyzers-{{ $name }}, mountPath: /analyzers/{{ $name }}, readOnly: true }
{{- end }}
{{- end -}}

{{- define "similarfaces.analyzerVolumes" -}}
{{- range $name := keys .Values.models.analyzerVolumes | sortAlpha }}
- name: analyzers-{{ $name }}
  {{- toYaml (get $.Values.models.analyzerVolumes $name) | nindent 2 }}
{{- end }}
{{- end -}}
