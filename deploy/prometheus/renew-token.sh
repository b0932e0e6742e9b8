#!/usr/bin/env bash
# Keep a token of Airflow in a file that Prometheus reads at every scrape; tokens end after a day.
#
#   AIRFLOW_URL=http://... METRICS_PASSWORD=... renew-token.sh FILE [once]
set -euo pipefail

FILE=$1
USERNAME=${METRICS_USER:-metrics}
PAUSE_SECONDS=3600
RETRY_SECONDS=15

# The password goes by standard input: arguments can be seen by every process of the machine.
login() {
    USERNAME=$USERNAME python3 -c '
import json, os
print(json.dumps({"username": os.environ["USERNAME"], "password": os.environ["METRICS_PASSWORD"]}))' |
        curl --fail --silent --show-error --max-time 30 --header 'Content-Type: application/json' \
            --data @- "$AIRFLOW_URL/auth/token" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"], end="")'
}

renew() {
    login >"$FILE.new" && mv "$FILE.new" "$FILE"
}

if [ "${2:-}" = once ]; then
    renew
    exit
fi
while true; do
    if renew; then
        sleep "$PAUSE_SECONDS"
    else
        echo "no token from $AIRFLOW_URL for user $USERNAME; trying again in $RETRY_SECONDS s" >&2
        sleep "$RETRY_SECONDS"
    fi
done
