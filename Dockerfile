# The image of the backend: `docker compose build`, or `docker build -t aggios/backend .`
#
# The tag below names a minor version, so that a rebuild gets security fixes. A release pins it to a
# digest, which scripts/pin-images.sh adds to the tag.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

# -- Python packages: only wheels, only those whose hashes are in the lock ---------------------------
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
# Every locked package has wheels for x86_64 and arm64, so nothing is compiled.
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.txt \
    && /opt/venv/bin/python -m compileall -q /opt/venv/lib \
    && /opt/venv/bin/pip uninstall -y pip

# -- The key of PostgreSQL's own package repository, as Debian ships it ------------------------------
FROM ${PYTHON_IMAGE} AS pgdg
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-common \
    && rm -rf /var/lib/apt/lists/*

# -- The final image ---------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS runtime

# `migrate_schemas` calls pg_dump, which must not be older than the server (18); Debian 13 has 17.
# The package of PostgreSQL's repository installs the libraries of pg_dump too. To copy the program
# from the postgres image, its libpq, Kerberos and LDAP libraries would have to be copied one by one.
# No version pins: Debian and PGDG keep only the newest minor release, so a pin breaks the build.
COPY --from=pgdg /usr/share/postgresql-common/pgdg/apt.postgresql.org.asc /etc/apt/keyrings/pgdg.asc
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && echo "deb [signed-by=/etc/apt/keyrings/pgdg.asc] https://apt.postgresql.org/pub/repos/apt trixie-pgdg main" \
        > /etc/apt/sources.list.d/pgdg.list \
    && apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*

ENV PATH=/opt/venv/bin:/usr/lib/postgresql/18/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    HOME=/tmp \
    STATIC_ROOT=/app/staticfiles \
    WEB_BIND=0.0.0.0:8080

# A fixed id, so that the host can give secrets and volumes to this user.
RUN groupadd --gid 10001 aggios \
    && useradd --uid 10001 --gid aggios --no-create-home --home-dir /tmp --shell /usr/sbin/nologin aggios

COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .

# The settings require every secret, although collectstatic uses none. These values exist only for
# this command: they are not in the image's environment, and production refuses to start with them.
RUN AGGIOS_ENVIRONMENT=development \
    SECRET_KEY=only-for-collectstatic-0123456789abcdef0123456789abcdef \
    TOKEN_MASTER_SECRET=only-for-collectstatic-0123456789abcdef0123456789abcdef \
    PASSWORD_PEPPERS=1:0000000000000000000000000000000000000000000000000000000000000000 \
    DATABASE_URL=postgresql://nobody:nothing@127.0.0.1:9/none \
    REDIS_URL=redis://127.0.0.1:9/0 \
    S3_ENDPOINT_URL=http://127.0.0.1:9 \
    S3_PUBLIC_ENDPOINT_URL=http://127.0.0.1:9 \
    S3_ACCESS_KEY_ID=none \
    S3_SECRET_ACCESS_KEY=none \
    python manage.py collectstatic --noinput \
    && python -m compileall -q /app

# For the archives of purged tenants. A new volume gets its owner from the folder at its mount point.
RUN install -d -o 10001 -g 10001 -m 0700 /exports

# The code belongs to root: the process can read it, and can write only to /tmp and /exports.
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["python", "-m", "aggios.healthcheck"]

ENTRYPOINT ["gunicorn"]
CMD ["--config", "python:aggios.gunicorn", "--no-control-socket", "aggios.wsgi"]
