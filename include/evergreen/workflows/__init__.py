"""What the steps of each DAG do, without Airflow."""
