#!/bin/sh
# Prepare the object store: bucket, versioning, expiry of old versions, and the application's user.
# Runs in the container minio-setup. Every step may be repeated. The image has `mc` and a shell, but
# neither grep nor sed, so the script uses only `mc` and shell built-ins.
set -eu

secret() { IFS= read -r value <"/run/secrets/$1" || [ -n "$value" ] && printf %s "$value"; }

bucket=$S3_BUCKET
access_key=$(secret s3_access_key_id)
policy=/tmp/aggios-bucket.json

# In the environment, because other processes can read arguments. scripts/make-secrets.sh uses only
# letters and digits, so the password needs no quoting in a URL.
MC_HOST_store="http://$(secret minio_root_user):$(secret minio_root_password)@minio:9000"
export MC_HOST_store

mc mb --ignore-existing "store/$bucket"
# Not for staging objects: a presigned URL can be written to repeatedly until the upload ends, and every
# version would be stored.
mc version enable --excluded-prefixes "*/incoming/" "store/$bucket"

# With versioning a deleted object stays as an old version. Without this rule it would never be removed.
if ! mc ilm rule ls "store/$bucket" >/dev/null 2>&1; then
    mc ilm rule add "store/$bucket" --expire-delete-marker \
        --noncurrent-expire-days "${S3_KEEP_OLD_VERSIONS_DAYS:-30}"
fi

# This one bucket and its CORS rules: no policies, no users, no other bucket.
printf '%s' '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "s3:CreateBucket", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions",
        "s3:ListBucketMultipartUploads", "s3:GetBucketVersioning", "s3:GetBucketCors",
        "s3:PutBucketCors", "s3:DeleteBucketCors", "s3:GetEncryptionConfiguration",
        "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration"
      ],
      "Resource": ["arn:aws:s3:::'"$bucket"'"]
    },
    {
      "Effect": "Allow",
      "Action": [
        "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion",
        "s3:DeleteObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectTagging",
        "s3:PutObjectTagging", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"
      ],
      "Resource": ["arn:aws:s3:::'"$bucket"'/*"]
    }
  ]
}' >"$policy"
mc admin policy create store aggios-bucket "$policy"
mc admin user add store "$access_key" "$(secret s3_secret_access_key)"
# Attaching the policy a second time is an error, so check first.
case $(mc admin user info store "$access_key") in
    *aggios-bucket*) ;;
    *) mc admin policy attach store aggios-bucket --user "$access_key" ;;
esac
echo "minio-setup: bucket $bucket is ready for user $access_key"
