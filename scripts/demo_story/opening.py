"""Steps 1 and 2: two services and a server, and how good is what there is."""

from .narrator import milliseconds, number, percent
from .understudy_api import moment

STEADY_SHARE = 0.5  # of what the machine can do: rehearsals need room too


def set_up(narrator, stage):
    narrator.step(1, "The old service, the new one, and an understudy")
    scale = stage.scale
    store, was_there = stage.workshop.object_store(scale.flights_every)
    stage.set_store(store)
    manifest = stage.manifest()
    rows = sum(part["rows"] for part in manifest["csv"])
    narrator.say(f"object store  {number(rows)} flights of 2001 in {store}"
                 + (" (from an earlier run)" if was_there else ""))
    stage.write_config()
    stage.start_understudy()
    narrator.say(f"understudy    {stage.admin_url}, configured by {stage.run / 'understudy.yaml'}")
    narrator.say(f"              {stage.admin_url}/ui/ shows it all in a browser meanwhile")
    stage.start_data_engine("us", scale.read_capacity)
    narrator.say(f"data-engine   {stage.data_engine_url}, DuckDB behind a query API, "
                 f"provisioned with {scale.read_capacity} reads a second")
    stage.start_flamingo()
    narrator.say(f"flamingo      {stage.flamingo_url}, the monolith with SQLite inside; "
                 "calls Data Engine through the SDK")
    versions = stage.versions()
    narrator.check("both services hold the flights and answer",
                   versions == {"flamingo": "1.0", "data-engine": "1.0"},
                   "flamingo 1.0, data-engine 1.0", versions)
    agreed = stage.migration.status()["verdict"]
    narrator.say("Agreed before the start, " + agreed["criteria_hash"][:12] + ":")
    for line in agreed["criteria_text"].strip().splitlines():
        narrator.say("  " + line)
    narrator.check("without evidence nothing is decided",
                   agreed["verdict"] == "not_enough_evidence", "not_enough_evidence",
                   agreed["verdict"])
    stage.began = moment()


def by_mode(narrator, migration, since=None):
    """The table of what users and both sides saw, by mode. Gives its rows."""
    rows = migration.query(
        {
            "n": "COUNT",
            "success": ("AVG", "success"),
            "served": ("AVG", "served.success"),
            "p50": ("P50", "duration_ms"),
            "p99": ("P99", "duration_ms"),
            "candidate_p50": ("P50", "candidate.duration_ms"),
            "candidate_p99": ("P99", "candidate.duration_ms"),
        },
        by=["evaluation.mode"],
        since=since,
    )
    narrator.table(
        ["mode", "evaluations", "success", "users saw", "P50 ms", "P99 ms", "candidate P50", "P99"],
        [
            [
                row["evaluation.mode"],
                number(row["n"]),
                percent(row["success"]),
                percent(row["served"]),
                milliseconds(row["p50"]),
                milliseconds(row["p99"]),
                milliseconds(row.get("candidate_p50")),
                milliseconds(row.get("candidate_p99")),
            ]
            for row in rows
        ],
    )
    return rows


def baseline(narrator, stage):
    narrator.step(2, "control_only: how good is what we have")
    scale = stage.scale
    burst = stage.highest_rate(scale.glance)
    rate = min(STEADY_SHARE * burst["rate"], scale.requests_per_second_max)
    narrator.say(f"Two impatient people get {burst['rate']:.0f} charts a second out of this machine; "
                 f"the traffic from now on asks for {rate:.0f}.")
    stage.start_traffic(rate)
    narrator.wait("evaluations", stage.evaluations_reach(scale.baseline, stage.began),
                  scale.limit_s)
    rows = by_mode(narrator, stage.migration, stage.began)
    modes = [row["evaluation.mode"] for row in rows]
    narrator.check("Flamingo answers everything itself", modes == ["control_only"],
                   "only control_only", modes)
    narrator.check("users see no errors", rows[0]["served"] == 100, "100%", rows[0]["served"])
    called = stage.migration.count(stage.began, [("candidate.duration_ms", "exists", None)])
    narrator.check("Data Engine was not called", called == 0, 0, called)
    return rate
