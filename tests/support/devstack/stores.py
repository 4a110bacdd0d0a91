"""Write to each of the three stores and read it back."""

from typing import Any

import boto3
import psycopg
import redis
from botocore.config import Config

from devstack.testing import TestStack


def write(stack: TestStack, value: str) -> None:
    """Write ``value`` to all three stores, which acknowledge it."""
    with psycopg.connect(stack.env["DATABASE_SUPERUSER_URL"]) as connection:
        connection.execute("create table if not exists kept (value text)")
        connection.execute("insert into kept values (%s)", [value])
    redis.Redis.from_url(stack.env["REDIS_URL"]).set("kept", value)
    _bucket(stack).put_object(Key="kept", Body=value.encode())


def read(stack: TestStack) -> tuple[str, str, str]:
    """Return the values in PostgreSQL, Valkey and SeaweedFS."""
    with psycopg.connect(stack.env["DATABASE_SUPERUSER_URL"]) as connection:
        row = connection.execute("select value from kept").fetchone()
    key: Any = redis.Redis.from_url(stack.env["REDIS_URL"]).get("kept")
    content = _bucket(stack).Object("kept").get()["Body"].read()
    return row[0] if row else "", key.decode(), content.decode()


def _bucket(stack: TestStack) -> Any:
    return boto3.resource(
        "s3",
        endpoint_url=stack.env["S3_ENDPOINT_URL"],
        aws_access_key_id=stack.env["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=stack.env["S3_SECRET_ACCESS_KEY"],
        region_name=stack.env["S3_REGION"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    ).Bucket(stack.env["S3_BUCKET"])
