#!/usr/bin/env bash
# Create every secret of docker-compose.yml as a file in secrets/. Never overwrites a file.
#
#   scripts/make-secrets.sh            into ./secrets
#   scripts/make-secrets.sh DIRECTORY  somewhere else
#
# Only its owner can enter the folder (0700), so other users of the server cannot reach the files. The
# files are readable (0444), because Compose mounts them with the same owner and mode, and processes
# with other user ids must read them in the containers.
set -euo pipefail

cd "$(dirname -- "$0")/.."
directory=${1:-secrets}
database=${DATABASE_NAME:-aggios}

command -v openssl >/dev/null || { echo "make-secrets: openssl is needed." >&2; exit 69; }

names=(
    secret_key secret_key_fallbacks
    token_master_secret token_master_secret_previous password_peppers
    postgres_password database_url database_owner_url database_superuser_url
    redis_auth redis_url minio_root_user minio_root_password s3_access_key_id
    s3_secret_access_key traefik_provider_token edge_password edge_users acme_dns
    email_password
)

mkdir -p -m 0700 -- "$directory"
chmod 0700 -- "$directory"
for name in "${names[@]}"; do
    if [ -e "$directory/$name" ]; then
        echo "make-secrets: $directory/$name exists. Nothing was changed: a new secret_key," \
            "database password or pepper would lock a running system out of its own data." >&2
        exit 73
    fi
done

# Only letters and digits, which need no quoting in URLs and configuration files.
random() { openssl rand -hex "$1"; }
# printf is built in, so no secret is ever an argument of a process.
put() { (umask 0333 && printf '%s\n' "$2" >"$directory/$1"); }

put secret_key "$(random 32)"
put token_master_secret "$(random 32)"
# Empty until the first rotation: docs/deployment.md, "Changing secrets".
(umask 0333 && : >"$directory/secret_key_fallbacks")
(umask 0333 && : >"$directory/token_master_secret_previous")
put password_peppers "1:$(random 32)"

superuser=$(random 24)
put postgres_password "$superuser"
put database_superuser_url "postgresql://postgres:$superuser@postgres:5432/postgres"
put database_owner_url "postgresql://aggios_owner:$(random 24)@postgres:5432/$database"
put database_url "postgresql://aggios_app:$(random 24)@postgres:5432/$database"

redis=$(random 24)
put redis_auth "requirepass $redis"
put redis_url "redis://:$redis@redis:6379/0"

put minio_root_user "root$(random 8)"
put minio_root_password "$(random 20)"
put s3_access_key_id "app$(random 8)"
put s3_secret_access_key "$(random 20)"

# Traefik sends it when it requests the custom domains from the backend.
put traefik_provider_token "$(random 24)"

# Traefik's dashboard and MinIO's console. A fast hash is enough for 192 random bits.
edge=$(random 24)
put edge_password "$edge"
put edge_users "operator:$(printf '%s\n' "$edge" | openssl passwd -apr1 -stdin)"

put acme_dns "# Credentials of the DNS provider, one NAME=value a line, as
# https://go-acme.github.io/lego/dns/ names them for ACME_DNS_PROVIDER. For cloudflare:
# CF_DNS_API_TOKEN=..."
chmod 0644 -- "$directory/acme_dns"

# The password of EMAIL_HOST_USER at your mail server; empty if the server needs none.
(umask 0133 && : >"$directory/email_password")

cat <<DONE
${#names[@]} files are in $directory/. What is left for you:
  1. Write the credentials of your DNS provider into $directory/acme_dns.
  2. Write the password of EMAIL_HOST_USER, if your mail server asks for one, into
     $directory/email_password.
  3. The user for https://traefik.… and https://minio.… is "operator", the password is in
     $directory/edge_password; MinIO's own log-in is in minio_root_user and minio_root_password.
  4. Keep a copy of $directory/ in a safe place away from this server: without password_peppers
     no password can be verified, and without token_master_secret every session ends.
DONE
