"""Where the pages lie under Airflow's address."""

PREFIX = "/evergreen"
