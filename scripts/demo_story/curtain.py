"""Step 8: the books are checked and everything ends."""

from .narrator import number
from .traffic import seen_by_users

ACCOUNTS = ("not_sampled", "compared", "shed", "too_large", "timed_out", "failed",
            "not_comparable")

KEPT = "kept"  # the file that says which programs a run has left


def end_traffic(narrator, stage):
    totals = stage.stop_traffic()
    narrator.check(f"the load generator agrees on the steady traffic: {number(totals['sent'])} charts, no errors",
                   totals["failed"] == 0, "no errors", seen_by_users(totals))


def check_books(narrator, stage):
    """Users, the SDK's counters and the events in the store tell of the same requests."""
    narrator.step(8, "The books, and the end")

    def settled():
        counters = stage.rehearsal_counters()
        stored = stage.migration.count()
        done = counters["in_flight"] == 0 and stored >= counters["requests"]
        return done, f"{number(stored)} of {number(counters['requests'])} in the store"

    narrator.wait("the last events arrive", settled, 60)
    counters = stage.rehearsal_counters()
    used = {name: counters[name] for name in ACCOUNTS if counters[name]}
    if counters["failed"]:
        narrator.say("Failed are rehearsals, none of them seen by users: refused in step 3, and while "
                     "Data Engine restarted in step 4.")
    narrator.check(
        f"Flamingo's books add up: {number(counters['requests'])} requests = "
        + " + ".join(f"{number(count)} {name}" for name, count in used.items()),
        counters["requests"] == sum(used.values()), "requests in exactly one account each",
        counters)
    steady = stage.sent - stage.sent_in_burst
    narrator.check(f"it is what the users sent: {number(steady)} in the steady traffic and "
                   f"{number(stage.sent_in_burst)} in the burst of step 2",
                   counters["requests"] == stage.sent,
                   stage.sent, counters["requests"])
    stored = stage.migration.count()
    narrator.check("each is one event in the store, none was dropped",
                   stored == counters["requests"] and counters["events_dropped"] == 0,
                   f"{counters['requests']} events", f"{stored}, {counters['events_dropped']} dropped")


def end(narrator, stage, programs):
    urls = [stage.flamingo_url, stage.data_engine_url, stage.admin_url]
    codes = programs.stop_all()
    narrator.check("all of them ended in order: " + ", ".join(name for name, _ in codes),
                   all(code == 0 for _, code in codes), "exit code 0 of each", codes)
    narrator.check("nobody answers any more",
                   all(stage.is_closed(f"{url}/healthz") for url in urls), "closed ports", urls)


def stay(narrator, stage, programs):
    """For --keep: where everything is, and how to end it."""
    understudy = stage.workshop.understudy
    narrator.say("Everything keeps running:")
    narrator.say(f"  {stage.flamingo_url}/  charts of flights, drawn by Flamingo")
    narrator.say(f"  {stage.admin_url}/ui/migrations/{stage.migration.name}  the swap, in a browser")
    narrator.say(f"  {stage.proxy_url}/query  the proxy between")
    narrator.say("Try:")
    narrator.say(f"  export UNDERSTUDY_URL={stage.admin_url}")
    narrator.say(f"  {understudy} status {stage.migration.name}")
    narrator.say(f"  {understudy} query evaluations --calc 'P99(duration_ms)' --by evaluation.mode")
    narrator.say(f"  {understudy} query evaluations --calc 'AVG(success)' --by evaluation.mode "
                 "--last 10m --chart")
    narrator.say(f"  {understudy} mode set {stage.migration.name} full_evaluation=100")
    narrator.say(f"  {stage.workshop.flamingo_load} --url {stage.flamingo_url} --rate 20 "
                 "--seconds 30")
    pids = " ".join(str(program.pid) for program in reversed(programs.running))
    (stage.run / KEPT).write_text(pids)
    narrator.say(f"End it with: kill {pids}")
