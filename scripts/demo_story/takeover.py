"""Step 6: the candidate answers, control stands by, and the way back is open."""

import time

from . import chart
from .narrator import milliseconds, number, percent, shortened
from .opening import by_mode
from .rehearsal import (COMPARED, check_last_digits, check_users, differences, in_mode, missing,
                        say_verdict)
from .understudy_api import markers


def is_decided(stage, since):
    """A probe: all that was agreed has a ruling over what the candidate serves against control_only."""

    def probe():
        stage.check_alive()
        verdict = stage.migration.status(since=since, population="cutover")["verdict"]
        done = verdict["verdict"] != "not_enough_evidence"
        return done, verdict if done else missing(verdict["criteria"])

    return probe


def take_over(narrator, stage):
    narrator.step(6, "candidate_only: Data Engine answers")
    scale, migration = stage.scale, stage.migration

    narrator.say("Half of the accounts get Data Engine's answers. For some of them Flamingo is asked as "
                 "well,\nso that answers go on being compared.")
    since, _ = stage.set_mode(narrator,
                              "candidate_only=20,reverse_evaluation=30,control_only=50",
                              "half of the accounts, beside a fresh baseline")
    verdict = narrator.wait("criteria", is_decided(stage, since), scale.limit_s, pause_s=2)
    by_mode(narrator, migration, since)
    narrator.say("What the candidate serves against the other half, at the same time:")
    say_verdict(narrator, verdict)
    narrator.check("all that was agreed holds for what users get", verdict["verdict"] == "pass",
                   "pass", verdict["headline"])

    since, under_it = stage.set_mode(narrator, "candidate_only=100", "everybody")
    narrator.wait("answers", stage.evaluations_reach(
        scale.glance, since, in_mode("candidate_only")), scale.limit_s)
    served_by = [row["served_by"] for row in migration.query(
        {"n": "COUNT"}, by=["served_by"], where=under_it)]
    narrator.check("everybody is served by the candidate", served_by == ["candidate"],
                   "only candidate", served_by)
    check_users(narrator, stage, since)
    stand_by(narrator, stage)


def stand_by(narrator, stage):
    """reverse_evaluation, back to control and forward again."""
    scale, migration = stage.scale, stage.migration
    narrator.say("reverse_evaluation: the old service is now the understudy.")
    since, under_it = stage.set_mode(narrator, "reverse_evaluation=100", "control stands by")
    narrator.wait("comparisons", stage.evaluations_reach(scale.glance, since, under_it + COMPARED),
                  scale.limit_s)
    row = migration.query(
        {
            "n": "COUNT",
            "control_p50": ("P50", "control.duration_ms"),
            "candidate_p50": ("P50", "candidate.duration_ms"),
        },
        by=["served_by"],
        where=under_it + [("control.duration_ms", "exists", None)],
        since=since,
    )
    narrator.check(
        f"control was called beside the candidate {number(row[0]['n'])} times "
        f"(P50 {milliseconds(row[0]['control_p50'])} ms against "
        f"{milliseconds(row[0]['candidate_p50'])} ms)",
        [one["served_by"] for one in row] == ["candidate"], "served by candidate", row)
    differing = migration.count(since, under_it + [("comparison.outcome", "=", "mismatch")])
    compared = migration.count(since, under_it + COMPARED)
    if differing:
        check_last_digits(narrator, migration, since,
                          differences(narrator, migration, since)["groups"])
    narrator.check(f"its answers are the same, under the same rules: {number(differing)} of "
                   f"{number(compared)} differ" + (", in the last digits" if differing else ""),
                   differing * 20 <= compared, "at most 5% in the last digits", differing)

    for mix, side in (("control_only=100", "control"), ("reverse_evaluation=100", "candidate")):
        since, under_it = stage.set_mode(narrator, mix, "there and back")
        narrator.wait("answers", stage.evaluations_reach(
            scale.glance // 2, since, in_mode(mix.split("=")[0])), scale.limit_s)
        served_by = [one["served_by"] for one in migration.query(
            {"n": "COUNT"}, by=["served_by"], where=under_it)]
        narrator.check(f"{side} answers again", served_by == [side], side, served_by)
        check_users(narrator, stage, since)


def in_words(marker):
    text = marker["message"]
    if marker["type"] != "flag_change":
        text = f"{marker['type']}: {text}"
    return shortened(text, 110)


def over_time(narrator, stage):
    """The whole run on one time axis."""
    start, end = stage.began, int(time.time()) + 1
    width_s = chart.column_seconds(start, end)
    rows = stage.migration.query(
        {"success": ("AVG", "success"), "served": ("MIN", "served.success")},
        by=["evaluation.mode"], since=start, granularity=width_s)
    modes = ["control_only", "fire_and_forget", "full_evaluation", "candidate_only",
             "reverse_evaluation"]
    series = {mode: [] for mode in modes}
    users = []
    for row in rows:
        seconds = chart.seconds_of(row["time"])
        series[row["evaluation.mode"]].append((seconds, row["success"]))
        users.append((seconds, row["served"]))
    series["what users saw"] = users
    found = sorted(markers(stage.admin_url, start), key=lambda marker: marker["time"])
    moments = [(chart.seconds_of(one["time"]), in_words(one)) for one in found]
    narrator.say(f"The success rate by mode; one column is {width_s} s, █ is 100%, a blank is none:")
    for line in chart.lines(series, moments, start, width_s):
        narrator.say(line)
    kinds = {one["type"] for one in found}
    narrator.check("every change of a flag, fix, deploy and verdict is on the time axis",
                   {"flag_change", "fix", "deploy", "verdict"} <= kinds,
                   "flag_change, fix, deploy, verdict", kinds)
    narrator.check("all users were served, from the first request to the last",
                   all(value == 100 for _, value in users), "100%", percent(min(
                       value for _, value in users)))
