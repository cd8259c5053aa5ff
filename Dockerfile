# The benchmark in a container:
#
#   docker build -t iomodels-bench .
#   docker run --rm --security-opt seccomp=unconfined iomodels-bench
#
# io_uring: Docker's default seccomp profile refuses io_uring_setup, io_uring_enter and
# io_uring_register. Without the flag above (or `--security-opt seccomp=<file>` with a profile that
# allows those three) its rows are skipped, and the tables say why. The filter also costs time in every
# system call, so numbers with and without it do not compare.
#
# To keep the results, and to look at what the container does to the numbers:
#
#   mkdir -p results
#   docker run --rm --security-opt seccomp=unconfined --user "$(id -u):$(id -g)" \
#     -v "$PWD/results:/bench/results" iomodels-bench
#   docker run --rm --security-opt seccomp=unconfined iomodels-bench doctor

FROM node:20-bookworm-slim AS build
WORKDIR /opt/iomodels-bench
# Before the sources, so that a change of them does not install everything again.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY .ci ./.ci
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20-bookworm-slim
# The servers and the load generator are compiled where they run.
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev liburing-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/iomodels-bench
COPY --from=build /opt/iomodels-bench/node_modules ./node_modules
COPY --from=build /opt/iomodels-bench/dist ./dist
COPY package.json LICENSE CHANGELOG.md ./
COPY bin ./bin
COPY c-helpers ./c-helpers
COPY workloads ./workloads
# What is compiled lives outside of any home, so that `--user` with another id finds it.
ENV XDG_CACHE_HOME=/var/cache/bench
RUN ln -s /opt/iomodels-bench/bin/iomodels-bench.js /usr/local/bin/iomodels-bench \
 && mkdir -p /bench/results "$XDG_CACHE_HOME" \
 && chown -R node:node /bench "$XDG_CACHE_HOME"
USER node
WORKDIR /bench
# Compiles once for all containers; fails the build where something does not compile.
RUN iomodels-bench doctor
ENTRYPOINT ["iomodels-bench"]
CMD ["run"]
