"""The gate: who said GO, how, why, and whether it counts. Pure; the Airflow side is slipway.airflow.gate."""
