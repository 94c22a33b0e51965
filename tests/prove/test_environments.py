"""Faults of the two environments, by their exact text."""

from dataclasses import replace

import pytest
from tests.prove.plans import PRODUCTION, STAGING, faults_of


def test_two_environments_of_one_name_are_refused() -> None:
    assert faults_of(production=replace(PRODUCTION, name="staging")) == [
        'production: staging and production are both "shop staging". '
        'Give each its own name=..., "staging" and "production".'
    ]


@pytest.mark.parametrize("role", ["database", "service", "host"])
def test_a_connection_that_both_environments_use_is_refused(role: str) -> None:
    shared = {role: "shop_shared"}
    assert faults_of(staging=replace(STAGING, **shared), production=replace(PRODUCTION, **shared)) == [
        f'production: its {role} connection "shop_shared" is that of staging, so a rehearsal '
        f"would change it. Give each environment a {role} connection of its own."
    ]


def test_repository_backups_and_probe_may_be_shared() -> None:
    shared = {"repository": "shop_git", "backups": "shop_backups", "probe": "shop_probe"}
    assert faults_of(staging=replace(STAGING, **shared), production=replace(PRODUCTION, **shared)) == []
