#!/bin/bash
# Start MLflow's server with a login, since whoever may write there may put a model into production.
# Database, artifact store and allowed hosts come from the environment: see docker-compose.yaml.
set -euo pipefail
umask 077

export MLFLOW_AUTH_CONFIG_PATH=/tmp/mlflow-auth.ini
cat >"$MLFLOW_AUTH_CONFIG_PATH" <<INI
[mlflow]
default_permission = NO_PERMISSIONS
database_uri = ${MLFLOW_BACKEND_STORE_URI}
admin_username = ${MLFLOW_TRACKING_USERNAME}
admin_password = ${MLFLOW_TRACKING_PASSWORD}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
INI

exec mlflow server --app-name basic-auth --host 0.0.0.0 --port 5000 --workers 2
