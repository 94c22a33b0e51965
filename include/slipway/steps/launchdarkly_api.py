"""LaunchDarkly's REST API: reading a flag, and changing the rule set that it has in one environment."""

from collections.abc import Mapping
from typing import Any

from slipway.run import Json, Run
from slipway.steps.faults import FlagNotTaken
from slipway.steps.faults.launchdarkly import FlagChangedMeanwhile, NoSuchFlagEnvironment
from slipway.steps.reach import connection
from slipway.vendor import Vendor, call, read_json
from slipway.vendor_faults import CallRefused, InTheWay

LAUNCHDARKLY = Vendor(
    system="LaunchDarkly",
    headers={"LD-API-Version": "20240415"},
    authorization="{password}",  # the access token as it is, without "Bearer"
    mends={
        404: "See that `project` and `flag` in the plan are the keys, not the names, and that the token may "
        "read them."
    },
)
# The whole of what decides who gets which variation in one environment.
RULE_SET = ("on", "targets", "contextTargets", "rules", "fallthrough", "offVariation", "prerequisites")
Rules = dict[str, Json]
_SILENT = frozenset({"_id", "ref", "description", "trackEvents"})


def ask(run: Run, method: str, path: str, **more: Any) -> Any:
    """Send one call to /api/v2 and return its JSON, None where the answer is empty or 404 is accepted."""
    answer = call(LAUNCHDARKLY, connection(run, "launchdarkly").conn_id, method, f"/api/v2/{path}", **more)
    return None if answer.status_code in {204, 404} else read_json(LAUNCHDARKLY, answer)


def flag_path(project: str, flag: str) -> str:
    """Return the flag's address under /api/v2."""
    return f"flags/{project}/{flag}"


def rules_of(body: Mapping[str, Any], environment: str) -> tuple[Rules, int]:
    """Return a flag's rule set in one environment and its version. Raises NoSuchFlagEnvironment."""
    if environment not in body["environments"]:
        raise NoSuchFlagEnvironment(body["key"], environment, sorted(body["environments"]))
    there = body["environments"][environment]
    return {name: there[name] for name in RULE_SET if name in there}, int(there["version"])


def same(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """Tell whether two rule sets serve everybody the same."""
    return _plain(one) == _plain(other)


def _plain(rules: Mapping[str, Json]) -> Rules:
    """Return the rule set without ids that LaunchDarkly gives, empty target lists, and the order of keys."""
    plain = {name: _without_ids(rules.get(name) or None) for name in RULE_SET if name != "offVariation"}
    for name in ("targets", "contextTargets"):
        plain[name] = sorted(
            [each.get("contextKind", "user"), each["variation"], sorted(each["values"])]
            for each in plain[name] or ()
            if each["values"]
        )
    return {**plain, "offVariation": rules.get("offVariation")}


def _without_ids(value: Json) -> Json:
    """Leave out what LaunchDarkly fills in itself and what decides nothing."""
    if isinstance(value, list):
        return [_without_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    silent = _SILENT | ({"attribute", "contextKind"} if value.get("op") == "segmentMatch" else set())
    said = ((key, _without_ids(item)) for key, item in value.items() if key not in silent)
    return {
        key: item
        for key, item in said
        if item is not None and item is not False and item != "" and (key, item) != ("contextKind", "user")
    }


def change(run: Run, project: str, flag: str, environment: str, wanted: Mapping[str, Json]) -> bool:
    """Give a flag the rule set `wanted` in one environment and read it back; False if it had it already.

    The change holds only for the version that was looked at (JSON Patch, RFC 6902, operation "test").
    Raises NoSuchFlagEnvironment, FlagChangedMeanwhile, FlagNotTaken and the vendor's faults.
    """
    path = flag_path(project, flag)
    now, version = rules_of(ask(run, "GET", path), environment)
    if same(now, wanted):
        run.log.info("%s in %s: already %s", flag, environment, in_words(wanted))
        return False
    comment = f"Slipway: {run.release_id} of {run.plan_name}, {run.task_id}"
    try:
        patch = _patch(environment, version, now, wanted)
        ask(run, "PATCH", path, json={"comment": comment, "patch": patch})
    except (InTheWay, CallRefused) as error:
        _, found = rules_of(ask(run, "GET", path), environment)
        if found != version:
            raise FlagChangedMeanwhile(flag, environment, version, found) from error
        raise
    after, _ = rules_of(ask(run, "GET", path), environment)
    if not same(after, wanted):
        raise FlagNotTaken(flag, in_words(wanted), in_words(after))
    run.log.info("%s in %s: %s (before: %s)", flag, environment, in_words(wanted), in_words(now))
    return True


def _patch(environment: str, version: int, now: Mapping[str, Json], wanted: Mapping[str, Json]) -> list[Json]:
    base = f"/environments/{environment}"
    changes: list[Json] = [{"op": "test", "path": f"{base}/version", "value": version}]
    for name in RULE_SET:
        if name in now and name not in wanted:
            changes.append({"op": "remove", "path": f"{base}/{name}"})
        elif now.get(name) != wanted.get(name):
            operation = "replace" if name in now else "add"
            changes.append({"op": operation, "path": f"{base}/{name}", "value": wanted[name]})
    return changes


def in_words(rules: Mapping[str, Json]) -> str:
    """Say whom a rule set serves what, e.g. "on; 10 targets; 25 % variation 0, 75 % variation 1"."""
    if not rules.get("on"):
        return f"off, variation {rules.get('offVariation')} for all"
    every = [*rules.get("targets", ()), *rules.get("contextTargets", ())]
    targets = sum(len(each["values"]) for each in every)
    parts = [f"{targets} target{'s' * (targets != 1)}"] if targets else []
    if rules.get("rules"):
        parts.append(f"{len(rules['rules'])} rule{'s' * (len(rules['rules']) != 1)}")
    return "; ".join(["on", *parts, _rest(rules.get("fallthrough") or {})])


def _rest(fallthrough: Mapping[str, Json]) -> str:
    if "rollout" not in fallthrough:
        return f"variation {fallthrough.get('variation')} for the rest"
    shares = fallthrough["rollout"]["variations"]
    return ", ".join(f"{each['weight'] / 1000:g} % variation {each['variation']}" for each in shares)


def look_at_flag(run: Run, project: str, flag: str, environment: str = "") -> str:
    """Say how a flag stands, which may not be there yet. Raises NoSuchFlagEnvironment and NotThere."""
    ask(run, "GET", f"flags/{project}")  # a project that is not there has no flags, and says so
    found = ask(run, "GET", flag_path(project, flag), accept={404})
    if found is None:
        return f"the flag {flag} is not there yet"
    if environment and environment not in found["environments"]:
        raise NoSuchFlagEnvironment(flag, environment, sorted(found["environments"]))
    on = sorted(name for name, each in found["environments"].items() if each["on"])
    return f"the flag {flag} is on in {', '.join(on) or 'no environment'}"


def look(run: Run) -> str:
    """Say whose token it is and what it may read; changes nothing."""
    caller = ask(run, "GET", "caller-identity")
    projects = ask(run, "GET", "projects")["items"]
    names = ", ".join(sorted(project["key"] for project in projects)) or "none"
    return f'token "{caller.get("tokenName", "without a name")}" reads the projects {names}'
