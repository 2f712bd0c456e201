{{- define "similarfaces.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* Short enough for every suffix that a template adds. */ -}}
{{- define "similarfaces.fullname" -}}
{{- $name := include "similarfaces.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "similarfaces.selector" -}}
app.kubernetes.io/name: {{ include "similarfaces.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "similarfaces.labels" -}}
{{ include "similarfaces.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "similarfaces.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "similarfaces.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* Takes (list $ "gateway" | "stage"). */ -}}
{{- define "similarfaces.image" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.image -}}
{{- if .registry }}{{ .registry }}/{{ end }}{{ .repository }}/{{ index $ 1 }}:{{ default $root.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}

{{- /*
The stages as a map, with what they do not say filled in from stageDefaults and their node type put beside. JSON, for
fromJson. A stage that is not enabled is left out.
*/ -}}
{{- define "similarfaces.stages" -}}
{{- $root := . -}}
{{- if le (int .Values.jobs.ttlSeconds) (int .Values.jobs.deadlineSeconds) -}}
{{- fail "jobs.ttlSeconds: results must be kept for longer than a job may compute (jobs.deadlineSeconds)" -}}
{{- end -}}
{{- if le (int .Values.drain.forceSeconds) (int .Values.drain.graceSeconds) -}}
{{- fail "drain.forceSeconds must be longer than drain.graceSeconds" -}}
{{- end -}}
{{- if and .Values.nats.enabled (ne .Values.nats.auth.kind "users") -}}
{{- fail "nats.auth.kind: the chart's own broker knows users; tokens and credentials are of an external one" -}}
{{- end -}}
{{- $stages := dict -}}
{{- range $name, $own := .Values.stages -}}
{{- $stage := mergeOverwrite (deepCopy $root.Values.stageDefaults) (deepCopy (default dict $own)) -}}
{{- if $stage.enabled -}}
{{- $_ := set $stage "stage" (default $name $stage.stage) -}}
{{- if not (has $stage.stage (list "extract" "embed" "age" "gender" "race" "emotion" "match")) -}}
{{- fail (printf "stages.%s: there is no stage %q; say which it runs with `stage`" $name $stage.stage) -}}
{{- end -}}
{{- $type := get $root.Values.nodeTypes $stage.nodeType -}}
{{- if not $type -}}
{{- fail (printf "stages.%s.nodeType: there is no node type %q" $name $stage.nodeType) -}}
{{- end -}}
{{- $_ := set $stage "type" $type -}}
{{- $_ := set $stage "lanes" (int (default $type.lanes $stage.lanes)) -}}
{{- $_ := set $stage "program" (get (dict "age" "analyze" "gender" "analyze" "race" "analyze" "emotion" "analyze" "match" "gallery") $stage.stage | default $stage.stage) -}}
{{- $scaling := $stage.autoscaling -}}
{{- $_ := set $stage "scaled" (ne $scaling.kind "none") -}}
{{- if and $stage.scaled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "stages.%s.autoscaling: minReplicas is above maxReplicas" $name) -}}
{{- end -}}
{{- if and (eq $scaling.kind "hpa") (eq (int $scaling.cpuPercent) 0) -}}
{{- fail (printf "stages.%s.autoscaling.cpuPercent: hpa has nothing else to go by" $name) -}}
{{- end -}}
{{- if and $stage.scaled (eq (int $scaling.minReplicas) 0) -}}
{{- if ne $scaling.kind "keda" -}}
{{- fail (printf "stages.%s.autoscaling: only keda can wake a stage that has no replica" $name) -}}
{{- end -}}
{{- $wake := add (int $scaling.coldStartSeconds) (int $root.Values.autoscaling.pollingSeconds) -}}
{{- if ge $wake (int $root.Values.jobs.deadlineSeconds) -}}
{{- fail (printf "stages.%s.autoscaling.minReplicas: 0 needs a start of %d s inside the deadline of %d s" $name $wake (int $root.Values.jobs.deadlineSeconds)) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $stages $name $stage -}}
{{- end -}}
{{- end -}}
{{- $running := list -}}
{{- range $stages }}{{ $running = append $running .stage }}{{ end -}}
{{- if not (has "extract" $running) -}}
{{- fail "stages: extract is needed by all others" -}}
{{- end -}}
{{- toJson $stages -}}
{{- end -}}

{{- /* The stages that have a consumer, comma-separated; match brings enrol. */ -}}
{{- define "similarfaces.stageNames" -}}
{{- $names := list -}}
{{- range fromJson (include "similarfaces.stages" .) -}}
{{- $names = append $names .stage -}}
{{- if eq .stage "match" }}{{ $names = append $names "enrol" }}{{ end -}}
{{- end -}}
{{- $names | uniq | sortAlpha | join "," -}}
{{- end -}}

{{- /* The stream that holds a stage's work: contracts/src/streams.ts. */ -}}
{{- define "similarfaces.stream" -}}
{{- get (dict "extract" "SF_IMAGES" "match" "SF_EMBEDDINGS" "enrol" "SF_EMBEDDINGS") . | default "SF_FACES" -}}
{{- end -}}

{{- define "similarfaces.natsName" -}}
{{ include "similarfaces.fullname" . }}-nats
{{- end -}}

{{- /* The broker's users: a program each, as contracts/src/brokerUsers.ts has them. Comma-separated. */ -}}
{{- define "similarfaces.natsUsers" -}}
provision,gateway,extract,embed,age,gender,race,emotion,match
{{- end -}}

{{- /* The secret with their passwords: of the chart's own broker always, of an external one where it is named. */ -}}
{{- define "similarfaces.natsAuthSecret" -}}
{{- if .Values.nats.auth.existingSecret -}}
{{ .Values.nats.auth.existingSecret }}
{{- else if .Values.nats.enabled -}}
{{ include "similarfaces.natsName" . }}-auth
{{- end -}}
{{- end -}}

{{- define "similarfaces.natsTlsSecret" -}}
{{- default (printf "%s-tls" (include "similarfaces.natsName" .)) .Values.nats.tls.existingSecret -}}
{{- end -}}

{{- /* The secret with the `ca.crt` that clients trust; empty where there is none. */ -}}
{{- define "similarfaces.natsCaSecret" -}}
{{- if not .Values.nats.enabled -}}
{{ .Values.nats.external.caSecret }}
{{- else if .Values.nats.tls.enabled -}}
{{ include "similarfaces.natsTlsSecret" . }}
{{- end -}}
{{- end -}}

{{- define "similarfaces.natsUrl" -}}
{{- if .Values.nats.enabled -}}
{{ ternary "tls" "nats" .Values.nats.tls.enabled }}://{{ include "similarfaces.natsName" . }}.{{ .Release.Namespace }}.svc:4222
{{- else -}}
{{- required "nats.external.url is needed where nats.enabled is false" .Values.nats.external.url -}}
{{- end -}}
{{- end -}}

{{- /* Headless: KEDA asks each server by its own name. */ -}}
{{- define "similarfaces.natsMonitoring" -}}
{{- if .Values.nats.enabled -}}
{{ include "similarfaces.natsName" . }}-headless.{{ .Release.Namespace }}.svc.cluster.local:8222
{{- else -}}
{{- required "nats.external.monitoring is needed by autoscaling.kind keda" .Values.nats.external.monitoring -}}
{{- end -}}
{{- end -}}

{{- define "similarfaces.replicas" -}}
{{- ternary .Values.nats.replicas .Values.nats.external.replicas .Values.nats.enabled -}}
{{- end -}}
