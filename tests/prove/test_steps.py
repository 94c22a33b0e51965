"""Faults of steps, by their exact text."""

from dataclasses import replace

import pytest
from tests.prove.plans import PRODUCTION, SOUND, BackUp, Change, Figure, Migrate, faults_of

from slipway.checks import Call, Journey, KubernetesObject
from slipway.kinds import Step
from slipway.prove.wording import choose
from slipway.run import Json
from slipway.steps.airflow_task import AirflowTask
from slipway.steps.apply_manifest import ApplyManifest
from slipway.steps.delete_manifest import DeleteManifest
from slipway.steps.run_check import RunCheck


def test_a_sound_plan_has_no_fault() -> None:
    assert faults_of() == []


def test_a_production_step_with_neither_undo_nor_reason_is_refused() -> None:
    steps = [*SOUND.on_production, Change(name="resize_images")]
    assert faults_of(on_production=steps) == [
        'on_production[4] "resize_images": this change step changes production and has no undo. Give '
        "it an undo, "
        "or say why there is nothing to undo (leaves_nothing=...) or why it cannot be undone "
        "(irreversible=...)."
    ]


def test_a_staging_step_needs_no_undo() -> None:
    assert faults_of(on_staging=[*SOUND.on_staging, Change(name="resize_images")]) == []


def test_a_stated_reason_stands_in_for_an_undo() -> None:
    reasons: list[Step] = [
        Change(name="send_mails", irreversible="mails cannot be called back"),
        Change(name="count", leaves_nothing="it only counts"),
    ]
    assert faults_of(on_production=[*SOUND.on_production, *reasons]) == []


@pytest.mark.parametrize(
    ("manifest", "named"),
    [
        ({"kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": "x"}}, '"Secret db"'),
        (
            {"kind": "Job", "spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}]}},
            '"DB_PASSWORD"',
        ),
        (
            {"kind": "Job", "spec": {"args": ["postgres://ann:hunter2@db/shop"]}},
            '"postgres://ann:***@db/shop"',
        ),
        (
            {"kind": "Job", "spec": {"args": ["postgres://ann:hun=ter2@db/shop"]}},
            '"postgres://ann:***@db/shop"',
        ),
    ],
)
@pytest.mark.parametrize("kind", [ApplyManifest, DeleteManifest])
def test_a_secret_in_a_manifest_that_is_written_in_the_plan_is_refused(
    kind: type[ApplyManifest | DeleteManifest], manifest: dict[str, Json], named: str
) -> None:
    step = kind(name="job", manifest=manifest, leaves_nothing="a test")
    on = replace(SOUND.production, cluster="shop_cluster")
    assert faults_of(production=on, on_production=[*SOUND.on_production, step]) == [
        f'on_production[4] "job": its manifest has {named} written out. Let your secret store bring it into '
        "the cluster, and take it by valueFrom.secretKeyRef."
    ]


def test_a_manifest_without_a_secret_is_none_of_that() -> None:
    reference = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
    job = {"kind": "Job", "spec": {"containers": [{"env": [reference]}]}}
    on = replace(SOUND.production, cluster="shop_cluster")
    for manifest in (job, "job.yaml", {"kind": "Job", "metadata": "db"}):
        step = DeleteManifest(name="job", manifest=manifest, leaves_nothing="a test")
        given = replace(on, artifacts="shop_artifacts")
        assert faults_of(production=given, on_production=[*SOUND.on_production, step]) == []


def test_a_journey_does_not_look_for_the_absence_of_what_nothing_fills() -> None:
    def walk(text: str) -> Journey:
        return Journey(name="walk", calls=[Call(name="page", path="/", text_lacks=text)])

    assert faults_of(verify=[*SOUND.verify, walk("{verison}")]) == [
        f'verify[{len(SOUND.verify)}] "walk": a call\'s text_lacks has "verison", which nothing fills: it is '
        "never found. Capture it in an earlier call, or use {version}, {release_id} or a journey_ of the "
        "connection; HttpCheck takes braces as they stand."
    ]
    step = RunCheck(name="look", check=walk("{verison}"))
    [refused] = faults_of(on_production=[*SOUND.on_production, step])
    assert 'has "verison", which nothing fills' in refused
    assert faults_of(verify=[*SOUND.verify, walk("{version} {release_id} {journey_user}")]) == []


def test_what_a_secret_keeps_is_not_expected() -> None:
    def check(kind: str, **expect: Json) -> KubernetesObject:
        fields = {f"{where}.password": value for where, value in expect.items()}
        return KubernetesObject(
            name="db", api_version="v1", object_kind=kind, object_name="db", namespace="shop", expect=fields
        )

    on = replace(SOUND.production, cluster="shop_cluster")
    looks = [*SOUND.verify, check("Secret", data="aHVudGVyMg==", metadata="x", stringData=None)]
    assert faults_of(production=on, verify=looks) == [
        f'verify[{len(SOUND.verify)}] "db": it expects a value of "data.password", '
        '"metadata.password", where a Secret may keep what is secret. '
        "Expect that the Secret is there, or compare what is no secret, e.g. metadata.labels."
    ]
    step = RunCheck(name="look", check=check("Secret", data="aHVudGVyMg=="))
    [refused] = faults_of(production=on, on_production=[*SOUND.on_production, step])
    assert 'it expects a value of "data.password", where a Secret' in refused
    labelled = KubernetesObject(
        name="db",
        api_version="v1",
        object_kind="Secret",
        object_name="db",
        expect={"metadata.labels.app": "shop", "type": "Opaque"},
    )
    looks = [*SOUND.verify, check("ConfigMap", data="plain"), replace(labelled, name="labelled")]
    assert faults_of(production=on, verify=looks) == []


def test_a_migration_without_a_backup_before_it_is_refused() -> None:
    steps = list(SOUND.on_production)
    assert faults_of(on_production=[*steps[1:3], steps[0], steps[3]]) == [
        'on_production[1] "migrate": it migrates data of shop production, and no step before it '
        "backs that up. "
        "Put a backup step, e.g. BackUpPostgres, before it in the same list."
    ]


def test_a_backup_of_production_does_not_cover_a_migration_on_staging() -> None:
    assert faults_of(on_staging=[Migrate(name="migrate")]) == [
        'on_staging[0] "migrate": it migrates data of shop staging, and no step before it backs that up. '
        "Put a backup step, e.g. BackUpPostgres, before it in the same list."
    ]


def test_a_backup_in_production_covers_a_migration_in_the_rollout() -> None:
    rollout = SOUND.strategies[0]
    stage = replace(rollout.stages[0], steps=[Migrate(name="fill_in")])
    assert faults_of(strategies=[replace(rollout, stages=[stage])]) == []


def test_a_step_whose_environment_lacks_a_connection_is_refused() -> None:
    assert faults_of(production=replace(PRODUCTION, backups="")) == [
        'on_production[0] "back_up": it needs the production environment\'s "backups" connection, '
        "which is not "
        'given. Give the environment backups="<connection id>"; it has "database", "service".'
    ]


def test_a_metric_from_a_source_that_no_environment_has_is_refused() -> None:
    metrics = [*SOUND.watch.metrics, Figure(name="uptime", source="prob")]
    [fault] = faults_of(watch=replace(SOUND.watch, metrics=metrics))
    assert fault.startswith(
        'watch.metrics[2] "uptime": it needs the production environment\'s "prob" connection, which '
        'is not given. Did you mean "probe"? Valid connections: "database", "service", '
    )


def test_negative_retries_are_refused() -> None:
    assert faults_of(on_staging=[BackUp(name="back_up", retries=-1), Migrate(name="migrate")]) == [
        'on_staging[0] "back_up": retries is -1. Use 0 for a single try, or more.'
    ]


def test_a_plan_that_changes_nothing_in_production_is_refused() -> None:
    assert (
        "on_production: there is no step, so a release would change nothing. "
        in faults_of(on_production=[])[0]
    )


def test_the_mend_names_the_nearest_valid_name_first() -> None:
    assert choose("eror_rate", ["latency", "error_rate"], "metrics") == (
        'Did you mean "error_rate"? Valid metrics: "latency", "error_rate"'
    )


def test_the_mend_guesses_nothing_where_no_name_is_near() -> None:
    assert choose("xyz", [], "metrics") == "Valid metrics: none"


def test_an_airflow_operator_that_cannot_be_made_is_refused() -> None:
    guest = AirflowTask(name="send", operator="BashOperator", leaves_nothing="it only says hello")
    assert faults_of(on_production=[*SOUND.on_production, guest]) == [
        'on_production[4] "send": "BashOperator" is no dotted path. '
        'Write module and class: "package.module.Class".'
    ]
