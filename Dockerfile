# The image for those who have Docker. The first stage runs the builder behind `lbctl image build`, which
# needs no Docker, so that both ways give the same file system; the settings below repeat
# lb/lab/image/assembly.py, and a test compares them.
FROM debian:12-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates python3 python3-pip
WORKDIR /src
COPY pyproject.toml ./
COPY requirements/runtime.lock requirements/
COPY controller controller
COPY lb lb
COPY speaker speaker
RUN --mount=type=cache,target=/root/.cache python3 -m lb.cli image unpack /image

FROM scratch
COPY --from=build /image /
ENV PATH=/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1
WORKDIR /
LABEL org.opencontainers.image.title="anvil-lb" \
      org.opencontainers.image.description="A bare-metal load balancer for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
ENTRYPOINT ["/usr/bin/python3", "-m"]
