# syntax=docker/dockerfile:1
# Three images of one tree: `gateway`, `stage` (all stages; the argument names the program) and `all`.
#
#   docker buildx build --target stage --platform linux/amd64,linux/arm64 -t similarfaces/stage:0.1.0 .
#
# Every step is a command that runs outside Docker too, and is tested there: helm/image/assemble.sh. Nothing is compiled, so the
# build stages run on the builder's own processor whatever the platform.

# Node LTS that the pinned uWebSockets.js has a binary for, on a glibc (2.41) that it loads on.
ARG NODE_IMAGE=node:24-trixie-slim

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund && npm run build

FROM build AS gateway-tree
ARG TARGETARCH
RUN --mount=type=cache,target=/root/.npm SBOM_BASE=/ helm/image/assemble.sh gateway /tree $(echo ${TARGETARCH:-amd64} | sed s/amd64/x64/)

FROM build AS stage-tree
ARG TARGETARCH
RUN --mount=type=cache,target=/root/.npm SBOM_BASE=/ helm/image/assemble.sh stage /tree $(echo ${TARGETARCH:-amd64} | sed s/amd64/x64/)

FROM build AS all-tree
ARG TARGETARCH
RUN --mount=type=cache,target=/root/.npm SBOM_BASE=/ helm/image/assemble.sh all /tree $(echo ${TARGETARCH:-amd64} | sed s/amd64/x64/)

# What is in each image; it is in the image too: docker buildx build --target sbom --output bills .
FROM scratch AS sbom
COPY --from=gateway-tree /tree.cdx.json /gateway.cdx.json
COPY --from=stage-tree /tree.cdx.json /stage.cdx.json
COPY --from=all-tree /tree.cdx.json /all.cdx.json

FROM ${NODE_IMAGE} AS runtime
# What installs packages has no place beside what faces the network.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn*
WORKDIR /app
# The model runtime would report to its maker; the programs say no for themselves too.
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
USER 1000:1000
ENTRYPOINT ["node"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "health.mjs"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="similarfaces" \
      org.opencontainers.image.description="Live facial analysis over NATS JetStream" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM runtime AS gateway
COPY --from=gateway-tree /tree /app
ENV HOST=0.0.0.0 PORT=8080 HEALTH_HOST=0.0.0.0 HEALTH_PORT=9090
EXPOSE 8080 9090
CMD ["gateway/dist/main.js"]

FROM runtime AS stage
COPY --from=stage-tree /tree /app
ENV HEALTH_HOST=0.0.0.0 HEALTH_PORT=9090
EXPOSE 9090
CMD ["services/extract/dist/main.js"]

FROM runtime AS all
COPY --from=all-tree /tree /app
ENV HOST=0.0.0.0 PORT=8080 HEALTH_HOST=0.0.0.0 HEALTH_PORT=9090
EXPOSE 8080 9090
CMD ["gateway/dist/main.js"]
