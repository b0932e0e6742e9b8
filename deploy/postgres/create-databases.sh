#!/bin/bash
# Run once by PostgreSQL's image, on an empty data folder: one role and one database for each of Airflow's
# metadata, Evergreen's ledger and MLflow, so that none can read or lock the others.
set -euo pipefail

create() {
    local name=$1 password=$2
    psql --quiet --set=ON_ERROR_STOP=1 --set=name="$name" --set=password="$password" \
        --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
}

create airflow "$AIRFLOW_DB_PASSWORD"
create evergreen "$EVERGREEN_DB_PASSWORD"
create mlflow "$MLFLOW_DB_PASSWORD"
