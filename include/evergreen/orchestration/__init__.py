"""The only Airflow code of the package: tasks, sensors, assets, callbacks, wiring of DAGs."""
