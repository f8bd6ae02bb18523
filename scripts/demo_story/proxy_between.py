"""Step 7: the same swap without a library, the proxy between the caller and both services."""

import json

from .narrator import number
from .opening import by_mode
from .rehearsal import (COMPARED, NEARLY_ALL, NEGLIGIBLE, accept, check_last_digits, differences,
                        say_groups)
from .stage import PROXIED
from .traffic import seen_by_users
from .understudy_api import moment


def send(narrator, stage, proxied, name, rate):
    """Sends queries through the proxy and waits until all are evaluated. Gives since when, and how
    many were sent."""
    since = moment()
    totals = stage.send_through_proxy(name, stage.scale.proxied, rate)
    narrator.wait("evaluations", stage.evaluations_reach(totals["sent"], since, (), proxied),
                  stage.scale.limit_s)
    narrator.check(f"{number(totals['sent'])} answers reached their callers through the proxy",
                   totals["failed"] == 0, "no errors", seen_by_users(totals))
    compared = proxied.count(since, COMPARED)
    narrator.check(f"{number(compared)} of them were compared",
                   100 * compared >= NEARLY_ALL * totals["sent"], f"{NEARLY_ALL}% or more",
                   proxied.errors(since))
    return since, totals["sent"]


def proxy_between(narrator, stage, rate):
    narrator.step(7, "The same without a library: a proxy between")
    narrator.act("a second migration is added to understudy.yaml; the running server reloads it")
    proxied, result = stage.add_proxy()
    narrator.say(result)
    narrator.say(f"understudy listens on {stage.proxy_url} for POST /query; control is Flamingo's "
                 "own engine, candidate is Data Engine")
    narrator.act("Data Engine goes back to 1.0, as if nobody had looked before")
    stage.deploy("1.0")

    since, sent = send(narrator, stage, proxied, "proxied-1.0", rate)
    by_mode(narrator, proxied, since)
    found = differences(narrator, proxied, since)
    say_groups(narrator, found["groups"])
    kinds = {group["explanation"] for group in found["groups"]}
    narrator.check("the findings are the same: time units and last digits of floats",
                   {"time_unit", "float_ulp"} <= kinds, "time_unit and float_ulp", sorted(kinds))

    narrator.act("fix: data-engine 1.1, and the rules that the groups offer")
    stage.deploy("1.1")
    rules = {}
    floats = [group for group in found["groups"] if group["explanation"] != "time_unit"]
    check_last_digits(narrator, proxied, since, floats)
    for group in floats:
        accept(narrator, rules, group)
    narrator.say("There is one look at it here, so the team's own bound of step 4 "
                 f"({NEGLIGIBLE:g}) is set beside each.")
    for rule in rules.values():
        rule["absolute"] = NEGLIGIBLE
    for rule in rules.values():
        narrator.act(f"accept {json.dumps(rule)}")
    section = {"differences_max": 50, "rules": list(rules.values())}
    proxied.set_compare(section, "floats in the last digits")

    since, sent_again = send(narrator, stage, proxied, "proxied-1.1", rate)
    found = differences(narrator, proxied, since)
    outcomes = {row["comparison.outcome"]: row["n"] for row in proxied.query(
        {"n": "COUNT"}, by=["comparison.outcome"], where=COMPARED, since=since)}
    narrator.check("no differences are left", outcomes.get("mismatch", 0) == 0, "no mismatch",
                   [group["text"] for group in found["groups"]])
    narrator.say("What each rule accepted:")
    narrator.table(["hits", "rule"], [[number(one["hits"]), one["rule"]] for one in found["rules"]])
    narrator.check("every rule was needed", all(one["hits"] > 0 for one in found["rules"]),
                   "hits of each rule", found["rules"])
    check_books(narrator, proxied, sent + sent_again)


def check_books(narrator, proxied, sent):
    """The accounting of the proxy: every request is in exactly one account."""

    def settled():
        books = proxied.status()["accounting"]
        return books["under_way"] == 0, books

    books = narrator.wait("requests under way end", settled, 30)
    used = {name: count for name, count in books["accounts"].items() if count}
    narrator.check(
        f"the proxy's books add up: {number(books['requests'])} requests = "
        + " + ".join(f"{number(count)} {name}" for name, count in used.items()),
        books["adds_up"] and books["requests"] == sent and books["records_dropped"] == 0,
        f"{number(sent)} requests, all accounted for", books)
