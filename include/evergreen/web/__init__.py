"""The suite inside Airflow's web UI: pages, a JSON API, metrics, and what people may do there."""
