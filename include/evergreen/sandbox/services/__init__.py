"""PostgreSQL, Airflow and MLflow as child processes on this machine."""
