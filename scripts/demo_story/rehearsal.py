"""Steps 3 to 5: the candidate is called, then compared, then judged."""

import json

from .narrator import milliseconds, number, percent, shortened
from .opening import by_mode
from .stage import MIGRATION
from .understudy_api import markers, moment

THROTTLED = "ProvisionedThroughputExceededException"
# Hours, kilometres and minutes: a difference below a billionth of one is arithmetic, not meaning.
NEGLIGIBLE = 1e-9
# The first round sees most; each later one settles a place for good, and there are few places.
RULE_ROUNDS_MAX = 10
NEARLY_ALL = 95  # per cent: of rehearsals, some of which a busy machine may not finish in time
COMPARED = [("comparison.outcome", "in", ["match", "ignored", "mismatch"])]


def in_mode(mode):
    return [("evaluation.mode", "=", mode)]


def check_users(narrator, stage, since):
    # Nobody asked yet is not the same as nobody noticed.
    narrator.wait("users", stage.evaluations_reach(1, since), stage.scale.limit_s)
    served = stage.migration.query({"served": ("MIN", "served.success")}, since=since)[0]["served"]
    narrator.check("users saw nothing of it", served == 100, "every answer served", served)


# --- 3 ------------------------------------------------------------------------------------------


def fire_and_forget(narrator, stage):
    narrator.step(3, "fire_and_forget: can the new service take the load")
    scale, migration = stage.scale, stage.migration

    began, _ = stage.set_mode(narrator, "fire_and_forget=10,control_only=90",
                              "a first look at the load")
    narrator.wait("rehearsals", stage.evaluations_reach(
        max(scale.glance // 10, 5), began, in_mode("fire_and_forget")), scale.limit_s)
    by_mode(narrator, migration, began)

    began, _ = stage.set_mode(narrator, "fire_and_forget=100", "all of the load")

    def throttled():
        stage.check_alive()
        groups = [group for group in migration.errors(began) if group["type"] == THROTTLED]
        return bool(groups) and groups[0]["count"] >= 10, groups or "no errors yet"

    narrator.wait("errors of Data Engine", throttled, scale.limit_s)
    narrator.wait("rehearsals", stage.evaluations_reach(
        scale.glance, began, in_mode("fire_and_forget")), scale.limit_s)
    rows = by_mode(narrator, migration, began)
    groups = migration.errors(began)
    narrator.say("Errors, grouped:")
    narrator.table(["count", "side", "type", "last message"],
                   [[number(group["count"]), group["side"], group["type"],
                     shortened(group.get("last_message", ""), 60)] for group in groups])
    narrator.check(f"{THROTTLED} is the largest group, at the candidate",
                   (groups[0]["type"], groups[0]["side"]) == (THROTTLED, "candidate"),
                   f"{THROTTLED} at candidate", groups[0])
    forgotten = next(row for row in rows if row["evaluation.mode"] == "fire_and_forget")
    narrator.check("the success rate of the mode dips", forgotten["success"] < 100,
                   "below 100%", percent(forgotten["success"]))
    check_users(narrator, stage, began)

    capacity = 100 * scale.read_capacity
    narrator.act(f"fix: Data Engine's catalog is provisioned with {capacity} reads a second, "
                 f"not {scale.read_capacity}")
    stage.set_read_capacity(capacity)
    narrator.say("Whoever deploys posts a marker to POST /api/markers, as a CI does: only they know.")
    migration.mark("fix", f"read capacity {capacity}")
    began = moment()
    narrator.wait("rehearsals", stage.evaluations_reach(
        scale.glance, began, in_mode("fire_and_forget")), scale.limit_s)
    rows = by_mode(narrator, migration, began)
    groups = migration.errors(began)
    refused = [group for group in groups if group["type"] == THROTTLED]
    narrator.check("Data Engine refuses nothing any more", refused == [], f"no {THROTTLED}", refused)
    if groups:  # a machine that is busy otherwise may let a call time out
        narrator.say("Other errors: "
                     + ", ".join(f"{number(one['count'])} {one['type']}" for one in groups))
    narrator.check(f"the success rate is back: {percent(rows[0]['success'])}",
                   rows[0]["success"] >= NEARLY_ALL, f"{NEARLY_ALL}% or more", rows[0]["success"])


# --- 4 ------------------------------------------------------------------------------------------


def say_groups(narrator, groups):
    for group in groups[:6]:
        narrator.say(f"  {group['text']}")
        if group.get("rule"):
            narrator.say(f"    accept with {group['rule']}")
    if len(groups) > 6:
        narrator.say(f"  and {len(groups) - 6} more")


def differences(narrator, migration, since):
    """What was found since then, once the differences of all evaluations that are there now are
    there too: each is an event of its own and may arrive later."""
    row = migration.query({"found": ("SUM", "difference.count"),
                           "dropped": ("SUM", "difference.dropped")}, since=since)[0]
    expected = (row["found"] or 0) - (row["dropped"] or 0)

    def arrived():
        found = migration.differences(since)
        return found["total"] >= expected, (
            found if found["total"] >= expected
            else f"{number(found['total'])} of {number(expected)}")

    return narrator.wait("their differences", arrived, 60)


def full_evaluation(narrator, stage):
    narrator.step(4, "full_evaluation: are the answers the same")
    scale, migration = stage.scale, stage.migration

    began, _ = stage.set_mode(narrator, "full_evaluation=100", "compare the answers")
    narrator.wait("comparisons", stage.evaluations_reach(scale.glance, began, COMPARED),
                  scale.limit_s)
    found = differences(narrator, migration, began)
    narrator.say(f"{number(found['total'])} differences, in "
                 f"{number(found['groups_found'])} groups:")
    say_groups(narrator, found["groups"])
    times = [group for group in found["groups"] if group["explanation"] == "time_unit"]
    narrator.check("times are in other units", bool(times) and times[0]["distance_max"] == 1000,
                   "groups explained as time_unit, a factor of 1000 apart",
                   [group["text"] for group in found["groups"]])
    example = migration.differences(began, examples=1, explanation="time_unit")["examples"][0]
    narrator.say(f"Flamingo says {example['difference.control_value']}, Data Engine "
                 f"{example['difference.candidate_value']}: milliseconds against microseconds.")

    deploy_fix(narrator, stage)

    began = moment()
    narrator.wait("comparisons", stage.evaluations_reach(scale.look, began, COMPARED),
                  scale.limit_s)
    times = [group for group in differences(narrator, migration, began)["groups"]
             if group["explanation"] == "time_unit"]
    narrator.check("the times are the same now", times == [], "no time_unit", times)
    accept_last_digits(narrator, stage, began)


def deploy_fix(narrator, stage):
    """A new version of the candidate, while people look at charts."""
    began = moment()
    narrator.act("fix: deploy data-engine 1.1, which answers in milliseconds (a restart, "
                 "while the traffic goes on)")
    capacity = 100 * stage.scale.read_capacity
    code = stage.stop_data_engine()
    narrator.check("data-engine 1.0 ends in order", code == 0, "exit code 0", code)
    stage.start_data_engine("ms", capacity)
    narrator.say("The deployer marks it; flags, modes, rules and verdicts the server marks itself.")
    stage.migration.mark("deploy", "data-engine 1.1")
    versions = stage.versions()
    narrator.check("data-engine 1.1 serves", versions["data-engine"] == "1.1", "1.1",
                   versions["data-engine"])
    errors = stage.migration.errors(began)
    if errors:
        narrator.say("In between rehearsals failed: "
                     + ", ".join(f"{number(one['count'])} {one['type']}" for one in errors))
    check_users(narrator, stage, began)


def accept_last_digits(narrator, stage, began, first_turn=1):
    """What is left are floats in their last digits: the rules that the groups offer accept them.

    Each is accepted as it is offered. A mean that passes through zero loses its digits by
    cancellation, and there no number of ULP is enough: a place that still differs after its rule,
    or has none, gets a bound of the team's own, and the story says why.
    """
    migration = stage.migration
    rules = stage.rules
    for turn in range(first_turn, first_turn + RULE_ROUNDS_MAX):
        outcomes = narrator.wait("comparisons", differing_or_accepted(stage, began, turn),
                                 stage.scale.limit_s)
        if outcomes.get("mismatch", 0) == 0:
            break
        groups = differences(narrator, migration, began)["groups"]
        narrator.say("What is left, and the rule that each group offers:" if turn == 1
                     else "Still different, after the rules:")
        say_groups(narrator, groups)
        check_last_digits(narrator, migration, began, groups)
        for group in groups:
            accept(narrator, rules, group)
        section = {"differences_max": 50, "rules": list(rules.values())}
        for rule in section["rules"]:
            narrator.act(f"accept {json.dumps(rule)}")
        migration.set_compare(section, "floats in the last digits")
        began = stage.rules_since = moment()
    narrator.check("the difference rate after the rules is 0", outcomes.get("mismatch", 0) == 0,
                   "no mismatch", outcomes)
    narrator.check(
        f"of {number(sum(outcomes.values()))} answers {number(outcomes.get('match', 0))} are equal "
        f"and {number(outcomes.get('ignored', 0))} are accepted by a rule",
        outcomes.get("ignored", 0) > 0, "some that a rule accepted", outcomes)


def differing_or_accepted(stage, since, turn):
    """A probe: enough comparisons, and one of them not equal byte for byte; after the first turn
    one that still differs is enough. Gives the outcomes."""

    def probe():
        stage.check_alive()
        outcomes = {row["comparison.outcome"]: row["n"] for row in stage.migration.query(
            {"n": "COUNT"}, by=["comparison.outcome"], where=COMPARED, since=since)}
        seen = sum(outcomes.values())
        done = seen >= stage.scale.look and seen > outcomes.get("match", 0)
        done = done or (turn > 1 and outcomes.get("mismatch", 0) > 0)
        return done, outcomes if done else f"{number(seen)} of {number(stage.scale.look)}"

    return probe


def check_last_digits(narrator, migration, since, groups):
    """All of these groups are floats that differ in a way nobody can notice."""
    for group in groups:
        size = largest_difference(migration, since, group)
        narrator.check(
            f"{group['path']}: at most {size:.1g} apart" if size is not None
            else f"{group['path']}: a number on both sides",
            size is not None and size < NEGLIGIBLE,
            f"floats less than {NEGLIGIBLE:g} apart", group["text"])


def largest_difference(migration, since, group):
    """|control - candidate| over the newest differences of a group; None when one is no number."""
    examples = migration.differences(
        since, examples=200, path=group["path"], explanation=group["explanation"])["examples"]
    try:
        return max(abs(float(one["difference.control_value"])
                       - float(one["difference.candidate_value"])) for one in examples)
    except (KeyError, ValueError):
        return None


def accept(narrator, rules, group):
    """Takes the rule that the group offers into `rules`, by path, exactly as it is."""
    path = group["path"]
    offered = json.loads(group["rule"]) if group.get("rule") else {}
    if offered and path not in rules:
        rules[path] = offered
        return
    rule = rules.setdefault(path, {"path": path})
    for action, value in offered.items():
        if action != "path":
            rule[action] = max(value, rule.get(action, value))
    narrator.say(f"{path}: " + ("more differ than the first rule accepts." if offered
                                else "no rule is offered."))
    # No number of ULP is enough here: it is the team's own judgement.
    narrator.say(f"  Sums that cancel lose their digits. The team decides that less than {NEGLIGIBLE:g} "
                 "of an hour,\n  kilometre or minute is nothing: this bound is theirs, nothing offered it.")
    rule["absolute"] = NEGLIGIBLE


# --- 5 ------------------------------------------------------------------------------------------


def interval(measured, unit):
    if measured is None:
        return ""
    def shown(value):
        if value is None:
            return "?"
        if unit == "fraction":
            return f"{100 * value:.2f}"
        return milliseconds(value) if unit == "ms" else f"{value:.3g}"
    suffix = {"fraction": "%", "ms": " ms"}.get(unit, "")
    if measured["low"] == measured["high"]:
        return f"{measured['value']:,}"
    return f"{shown(measured['value'])}{suffix} [{shown(measured['low'])}, {shown(measured['high'])}]"


def say_verdict(narrator, verdict):
    narrator.table(
        ["criterion", "control", "candidate", "tested", "margin", "ruling"],
        [
            [
                one["criterion"],
                interval(one["control"].get("measured"), one["unit"]),
                interval(one["candidate"].get("measured"), one["unit"]),
                interval(one.get("tested"), tested_unit(one)),
                margin(one),
                one["ruling"],
            ]
            for one in verdict["criteria"]
        ],
    )


def tested_unit(criterion):
    unit = criterion.get("tested_unit", "")
    return "fraction" if unit == "difference" else unit


def margin(criterion):
    value = criterion.get("margin")
    if value is None:
        return ""
    return {"fraction": f"{100 * value:g}%", "ms": f"{value:g} ms"}.get(
        tested_unit(criterion), f"{value:,g}")


def missing(criteria):
    """How much the slowest of the open criteria still needs."""
    open_ones = [one["missing"] for one in criteria if "missing" in one]
    most = max(open_ones, key=lambda one: one.get("evaluations", 0), default={"text": ""})
    return f"{len(criteria) - len(open_ones)} of {len(criteria)} decided; {most['text']}"


def judged(narrator, stage):
    narrator.step(5, "The verdict")
    scale, migration = stage.scale, stage.migration
    narrator.say("Evidence counts since the rules were agreed; 95% confidence at every look.")

    def differing():
        found = migration.query({"n": "COUNT"}, since=stage.rules_since,
                                where=[("comparison.outcome", "=", "mismatch")])
        return found[0]["n"]

    def decided():
        stage.check_alive()
        verdict = migration.status()["verdict"]
        done = verdict["verdict"] != "not_enough_evidence" or differing() > 0
        return done, missing(verdict["criteria"])

    narrator.wait("criteria", decided, scale.limit_s, pause_s=2)
    verdict = migration.status()["verdict"]
    if verdict["verdict"] == "not_enough_evidence":
        # The rules came from the first charts; another one has a digit more that differs.
        accept_last_digits(narrator, stage, stage.rules_since, first_turn=2)
        narrator.wait("criteria", lambda: (
            (now := migration.status()["verdict"])["verdict"] != "not_enough_evidence",
            missing(now["criteria"])), scale.limit_s, pause_s=2)
        verdict = migration.status()["verdict"]
    say_verdict(narrator, verdict)
    for left_out in verdict["excluded"]:
        narrator.say(f"left out: {number(left_out['evaluations'])} {left_out['reason']}")
    narrator.say(verdict["headline"])
    narrator.check(f"the verdict after {number(verdict['evaluations'])} evaluations is pass",
                   verdict["verdict"] == "pass", "pass", verdict["headline"])
    found = [one["message"] for one in markers(stage.admin_url, stage.began)
             if one["type"] == "verdict"]
    narrator.check(f"the server marks the change on the time axis: {', '.join(found)}",
                   len(found) == 1 and f"{MIGRATION}: pass" in found[0],
                   f"one marker, {MIGRATION}: pass", found)
    code, text = stage.status_command(MIGRATION)
    narrator.check(f"understudy status {MIGRATION} says so too, with exit code 0", code == 0,
                   "exit code 0", text)
