# One image for the web service and the worker. Each service's own start
# command says which it is. Base images are named by tag, so that a build has
# what was mended in them.
FROM golang:1.26-alpine3.22 AS base
WORKDIR /src
ENV APP_ENV=production CGO_ENABLED=0 GOTOOLCHAIN=local GOTELEMETRY=off

# The modules, in a layer of their own that changes with go.sum alone.
FROM base AS deps
RUN apk add --no-cache libc6-compat
COPY go.mod go.su[m] ./
RUN test -f go.sum || { echo "Lockfile not found."; exit 1; }
RUN go mod download && go mod verify

FROM deps AS builder
COPY . .
ARG RAILWAY_GIT_COMMIT_SHA=unknown
# Railway tells the commit only of what it fetched itself; the workflow leaves it in a file.
RUN build="$(cat COMMIT 2>/dev/null || echo "$RAILWAY_GIT_COMMIT_SHA")" && \
    go build -mod=readonly -tags production,nodynamic -trimpath -buildvcs=false \
      -ldflags "-s -w -X pilothandbook/platform.build=$build" -o /out/handbook .

FROM alpine:3.22 AS runner
RUN addgroup --system --gid 1001 handbook && adduser --system --uid 1001 --ingroup handbook handbook
COPY --from=builder --chown=handbook:handbook /out/handbook /usr/local/bin/handbook
USER handbook
ENV APP_ENV=production GOTELEMETRY=off PORT=3000 HOSTNAME=0.0.0.0
EXPOSE 3000
CMD ["handbook", "web"]
