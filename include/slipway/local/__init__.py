"""Airflow on this machine, for rehearsals, demonstrations and end-to-end tests."""
