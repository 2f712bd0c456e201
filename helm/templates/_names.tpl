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
{{- /* A Service's name, and a label: Kubernetes takes no more. */ -}}
{{- $full := printf "%s-%s" (include "similarfaces.fullname" $root) $name -}}
{{- if gt (len $full) 63 -}}
{{- fail (printf "stages.%s: %q has more than 63 characters; a shorter key will do, of an analyzer with `stage` beside it, or a shorter fullnameOverride" $name $full) -}}
{{- end -}}
{{- $program := get $root.Values.programs (default "" $stage.program) -}}
{{- if not $program -}}
{{- fail (printf "stages.%s.program: there is no program %q" $name (default "" $stage.program)) -}}
{{- end -}}
{{- /* What has consumers of its own is that stage; what serves any analyzer is the one it is told. */ -}}
{{- $_ := set $stage "stage" (default (default $name $stage.stage) (first $program.consumers)) -}}
{{- $_ := set $stage "consumers" (default (list $stage.stage) $program.consumers) -}}
{{- range $key := list "main" "kind" "stream" "along" -}}
{{- $_ := set $stage $key (get $program $key) -}}
{{- end -}}
{{- $type := get $root.Values.nodeTypes $stage.nodeType -}}
{{- if not $type -}}
{{- fail (printf "stages.%s.nodeType: there is no node type %q" $name $stage.nodeType) -}}
{{- end -}}
{{- $_ := set $stage "type" $type -}}
{{- $_ := set $stage "lanes" (int (default $type.lanes $stage.lanes)) -}}
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
{{- range $program, $row := $root.Values.programs -}}
{{- if $row.required -}}
{{- $found := false -}}
{{- range $stages }}{{ if eq .program $program }}{{ $found = true }}{{ end }}{{ end -}}
{{- if not $found -}}
{{- fail (printf "stages: %s is needed by all others" $program) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $stages -}}
{{- end -}}

{{- /* The stages that are on: those with a consumer, and what they answer along with their own. Comma-separated. */ -}}
{{- define "similarfaces.stageNames" -}}
{{- $names := list -}}
{{- range fromJson (include "similarfaces.stages" .) -}}
{{- $names = concat $names .consumers (default list .along) -}}
{{- end -}}
{{- $names | uniq | sortAlpha | join "," -}}
{{- end -}}

{{- /* The analyzers among them. JSON: a map with a list. */ -}}
{{- define "similarfaces.analyzers" -}}
{{- $names := list -}}
{{- range fromJson (include "similarfaces.stages" .) -}}
{{- if not (get $.Values.programs .program).consumers }}{{ $names = append $names .stage }}{{ end -}}
{{- end -}}
{{- toJson (dict "names" ($names | uniq | sortAlpha)) -}}
{{- end -}}

{{- /* MODEL_PRECISION: the usual choice, then those of single models. */ -}}
{{- define "similarfaces.precision" -}}
{{- $choices := list .Values.models.precision -}}
{{- range $model, $precision := .Values.models.precisions -}}
{{- $choices = append $choices (printf "%s=%s" $model $precision) -}}
{{- end -}}
{{- join "," $choices -}}
{{- end -}}

{{- /* Folders with analyzers: packs of the image by name, volumes by their path. Comma-separated. */ -}}
{{- define "similarfaces.analyzerPacks" -}}
{{- $packs := .Values.models.analyzerPacks -}}
{{- range $name := keys .Values.models.analyzerVolumes | sortAlpha -}}
{{- $packs = append $packs (printf "/analyzers/%s" $name) -}}
{{- end -}}
{{- join "," $packs -}}
{{- end -}}

{{- define "similarfaces.natsName" -}}
{{ include "similarfaces.fullname" . }}-nats
{{- end -}}

{{- /* The broker's users: a program each, and every analyzer, as contracts/src/brokerUsers.ts has them. Comma-separated. */ -}}
{{- define "similarfaces.natsUsers" -}}
{{- $users := list "provision" "gateway" -}}
{{- range $program, $row := .Values.programs -}}
{{- if $row.consumers }}{{ $users = append $users $program }}{{ end -}}
{{- end -}}
{{- concat $users (fromJson (include "similarfaces.analyzers" .)).names | join "," -}}
{{- end -}}

{{- /* The variable of nats-server's environment that holds a user's password. Takes the user. */ -}}
{{- define "similarfaces.natsPasswordVariable" -}}
NATS_PASSWORD_{{ . | upper | replace "-" "_" }}
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
