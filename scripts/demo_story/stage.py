"""What is on stage: the services, the server, the traffic, and the handles to all of them."""

import json
import os
import socket

from .narrator import StoryFailed, number
from .processes import run_to_end
from .traffic import Traffic
from .understudy_api import ApiError, Migration, call, moment

MIGRATION = "data-engine"
PROXIED = "data-engine-proxied"
HOST = "127.0.0.1"

CONFIG = """\
data_dir: {run}/understudy
admin: {{ listen: "127.0.0.1:0" }}
migrations:
  # Flamingo calls Data Engine itself, through the in-process library: there is nothing to listen on.
  - name: {migration}
    mode: {{ control_only: 100 }}
    compare: {{ differences_max: 50 }}
    criteria:
      - {{ success_rate: {{ no_worse_by: {margin} }} }}
      - {{ latency: {{ quantile: p50, at_most: {p50} }} }}
      - {{ latency: {{ quantile: p99, at_most: {p99} }} }}
      - {{ difference_rate: {{ at_most: {margin} }} }}
      - {{ evidence: {{ evaluations_min: {evaluations_min}, duration_min: {duration_min} }} }}
"""

PROXY_CONFIG = """\
  # The same swap without a library: Understudy stands between the caller and both services.
  - name: {proxied}
    listen: "127.0.0.1:0"
    control:   {{ url: "{flamingo}" }}
    candidate: {{ url: "{data_engine}", timeout: 10s }}
    mode: {{ full_evaluation: 100 }}
    bucket_by: {{ header: x-account-id }}
    routes:
      - {{ name: query, match: {{ methods: [POST], path: /query }}, safe_to_repeat: true, compare: table }}
    compare: {{ differences_max: 50 }}
"""


def reserved_port():
    """A port that nobody else is given while the socket lives, though a service may listen on it:
    one that is bound and does not listen."""
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.bind((HOST, 0))
    return reservation, reservation.getsockname()[1]


class Stage:
    """Starts the services on free ports and knows where they are. Everything a run leaves behind
    is in the folder `run`."""

    def __init__(self, workshop, programs, scale, run):
        self.scale = scale
        self.run = run
        self.workshop = workshop
        self._programs = programs
        self._config = run / "understudy.yaml"
        self._store = None
        self._config_text = ""
        self._data_engine = None
        # Data Engine comes back to its port after a restart.
        self._reservation, self._data_engine_port = reserved_port()
        self._traffic = None
        self.admin_url = ""
        self.flamingo_url = ""
        self.data_engine_url = ""
        self.proxy_url = ""
        self.migration = None
        self.sent = 0  # visualizations that users asked for, over all traffic to Flamingo
        self.sent_in_burst = 0  # part of it: those that told how fast the machine is
        self.began = 0
        self.rules = {}  # of the comparison, by path
        self.rules_since = 0  # when they were agreed last

    def close(self):
        """Gives the reserved port back."""
        self._reservation.close()

    # --- Services ------------------------------------------------------------------------------

    def set_store(self, store):
        self._store = store

    def manifest(self):
        return json.loads((self._store / "flights" / "dataset.json").read_text())

    def write_config(self):
        scale = self.scale
        self._config_text = CONFIG.format(
            run=self.run,
            migration=MIGRATION,
            margin=scale.margin,
            p50=scale.p50,
            p99=scale.p99,
            evaluations_min=scale.evaluations_min,
            duration_min=scale.duration_min,
        )
        self._config.write_text(self._config_text)
        return self._config

    def start_understudy(self):
        command = [self.workshop.understudy, "serve", "-c", self._config]
        program = self._programs.start("understudy", command)
        address = program.wait_for_line(r"serving: .*admin on (\S+)").group(1)
        self.admin_url = f"http://{address}"
        self.migration = Migration(self.admin_url, MIGRATION)

    def start_data_engine(self, time_unit, read_capacity):
        listen = f"{HOST}:{self._data_engine_port}"
        command = [self.workshop.data_engine, "--data", self._store, "--listen", listen]
        options = ["--time-unit", time_unit, "--read-capacity", read_capacity]
        self._data_engine = self._programs.start("data-engine", [*command, *options])
        found = self._data_engine.wait_for_line(r"listening on (http://\S+),")
        self.data_engine_url = found.group(1)

    def stop_data_engine(self):
        """Gives the exit code. Its log is kept under the name of the version."""
        code = self._programs.stop(self._data_engine)
        os.rename(self._data_engine.log, self.run / "data-engine-1.0.log")
        return code

    def start_flamingo(self):
        command = [self.workshop.flamingo, "--data", self._store, "--listen", f"{HOST}:0"]
        links = ["--data-engine", self.data_engine_url, "--understudy", self.admin_url]
        pages = ["--vega-dir", self.workshop.deps / "npm" / "node_modules"]
        # A rehearsal may take what a call of Data Engine may take.
        limits = ["--candidate-timeout-ms", 5000, "--migration", MIGRATION]
        program = self._programs.start("flamingo", [*command, *links, *pages, *limits])
        self.flamingo_url = program.wait_for_line(r"listening on (http://\S+),").group(1)

    def versions(self):
        return {
            name: call(f"{url}/version")["version"]
            for name, url in (("flamingo", self.flamingo_url), ("data-engine", self.data_engine_url))
        }

    def set_read_capacity(self, units):
        call(f"{self.data_engine_url}/catalog/capacity", {"read_units_per_second": units})

    def deploy(self, version):
        """Changes the version of the running Data Engine."""
        return call(f"{self.data_engine_url}/deploy", {"version": version})["version"]

    def rehearsal_counters(self):
        """Flamingo's own books about its rehearsals."""
        return call(f"{self.flamingo_url}/api/status")

    def add_proxy(self):
        """A second migration for the running server: the file is changed and read again."""
        self._config_text += PROXY_CONFIG.format(
            proxied=PROXIED, flamingo=self.flamingo_url, data_engine=self.data_engine_url
        )
        self._config.write_text(self._config_text)
        result = call(f"{self.admin_url}/api/reload", {})["result"]
        proxied = Migration(self.admin_url, PROXIED)
        self.proxy_url = f"http://{proxied.status()['listen']}"
        return proxied, result

    # --- Traffic -------------------------------------------------------------------------------

    def _load(self, name, *options):
        command = [self.workshop.flamingo_load, "--timeout-ms", 60_000, *options]
        return Traffic(self._programs, name, command)

    def highest_rate(self, count):
        """Requests a second that two people can have answered who do nothing but wait."""
        burst = ["--count", count, "--concurrency", 2, "--seed", 7]
        totals = self._load("burst", "--url", self.flamingo_url, *burst).wait_for_end()
        self.sent += totals["sent"]
        self.sent_in_burst = totals["sent"]
        return totals

    def start_traffic(self, rate):
        steady = ["--seconds", 86_400, "--rate", f"{rate:.1f}", "--concurrency", 4]
        self._traffic = self._load("traffic", "--url", self.flamingo_url, *steady)

    def stop_traffic(self):
        totals = self._traffic.stop()
        self.sent += totals["sent"]
        self._traffic = None
        return totals

    def send_through_proxy(self, name, count, rate):
        options = ["--url", self.proxy_url, "--domain-url", self.flamingo_url, "--send", "query"]
        steady = ["--count", count, "--rate", f"{rate:.1f}", "--concurrency", 4]
        return self._load(name, *options, *steady).wait_for_end()

    # --- The flag ------------------------------------------------------------------------------

    def set_mode(self, narrator, mix, reason):
        """Changes the mode. Gives a moment after which all new requests get it, and the filter of
        the evaluations that did."""
        narrator.act(f"understudy mode set {MIGRATION} {mix}")
        version = self.migration.set_mode(mix, reason)
        under_it = [("feature_flag.version", ">=", version)]
        narrator.wait("the flag arrives", self.evaluations_reach(1, None, under_it),
                      self.scale.limit_s)
        return moment(), under_it

    # --- Questions -----------------------------------------------------------------------------

    def check_alive(self):
        """Nothing has ended by itself."""
        if self._traffic is not None:
            self._traffic.check_running()
        for program in self._programs.dead():
            raise StoryFailed(f"{program.name} runs", "a running program",
                              f"{program.how_it_ended()}; its last words: {program.last_words()}")

    def evaluations_reach(self, count, since, where=(), migration=None):
        """A probe for Narrator.wait: so many evaluations since a moment."""
        asked = migration or self.migration

        def probe():
            self.check_alive()
            seen = asked.count(since, where)
            return seen >= count, f"{number(seen)} of {number(count)}"

        return probe

    def status_command(self, migration):
        """`understudy status`, as a script would use it. Gives its exit code and its text."""
        command = [self.workshop.understudy, "status", migration, "--url", self.admin_url]
        try:
            return 0, run_to_end("understudy status", command, self.run / "status.log")
        except StoryFailed as failed:
            return 1, str(failed)

    def is_closed(self, url):
        """Whether nobody answers there any more."""
        try:
            call(url)
        except ApiError as error:
            return "refused" in str(error).lower()
        return False
