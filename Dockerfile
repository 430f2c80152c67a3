# pgrelay in a container: built in one image, run in a smaller one, as nobody.

FROM rust:1.95.0-bookworm AS build
# What librdkafka's own build asks for.
RUN apt-get update \
 && apt-get install -y --no-install-recommends cmake g++ make pkg-config libssl-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --locked --release -p replicator

FROM debian:12.11-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libssl3 zlib1g \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/pgrelay /usr/local/bin/pgrelay
USER nobody
# Mount the pipeline files here; their secrets come from the environment.
VOLUME /etc/pgrelay/pipelines
EXPOSE 8083
ENTRYPOINT ["pgrelay"]
CMD ["serve", "/etc/pgrelay/pipelines", "--listen", "0.0.0.0:8083"]
