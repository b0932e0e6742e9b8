"""The demo: a year of flights, landed week by week on a real Airflow."""
