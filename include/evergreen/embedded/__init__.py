"""Real services without root and without Docker: PostgreSQL, MLflow, Airflow for demo and tests."""
