# One image for every role; docker-compose.yml says which process does what.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv --without-pip .venv
COPY requirements requirements
RUN pip --python .venv/bin/python install --no-cache-dir --require-hashes -r requirements/install.lock \
 && VIRTUAL_ENV=/app/.venv .venv/bin/uv pip install --compile-bytecode --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY application application
COPY infrastructure infrastructure
COPY projections projections
COPY interfaces interfaces
RUN VIRTUAL_ENV=/app/.venv .venv/bin/uv pip install --compile-bytecode --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home verbatim
RUN install -d -o verbatim -m 700 /data
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 VERBATIM_HOST=0.0.0.0 VERBATIM_PORT=8000 VERBATIM_LOG_FORMAT=json
USER verbatim
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["verbatim"]
CMD ["serve"]
