"""The command ``evergreen``: what people ask of the suite from a shell, without Airflow."""

from evergreen.cli.app import main

__all__ = ["main"]
