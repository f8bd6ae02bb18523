"""Understudy's admin API, as the demo uses it. docs/api.md has all of it."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT_S = 60
SETTLE_S = 0.5


class ApiError(Exception):
    """An answer that is no success, or none."""


def call(url, body=None, method=None):
    """One HTTP request with JSON both ways."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Understudy-Actor": "demo"},
        method=method or ("GET" if body is None else "POST"),
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise ApiError(f"{url}: {error.code} {error.read().decode(errors='replace')}") from error
    except OSError as error:
        raise ApiError(f"{url}: {error}") from error
    return json.loads(text) if text else None


def moment():
    """A whole second, half a second away or more, once it has come: what is asked about with `since`
    began after now, and what was under way has ended."""
    second = int(time.time() + SETTLE_S) + 1
    time.sleep(max(0.0, second - time.time()))
    return second


class Migration:
    """One migration of a running Understudy, seen through its API."""

    def __init__(self, url, name):
        self.url = url
        self.name = name
        self._path = f"{url}/api/migrations/{name}"

    def _get(self, resource="", **parameters):
        given = {key: value for key, value in parameters.items() if value is not None}
        return call(f"{self._path}{resource}?{urllib.parse.urlencode(given)}")

    def status(self, since=None, population=None):
        return self._get(since=since, population=population)

    def errors(self, since):
        return self._get("/errors", since=since)["groups"]

    def differences(self, since, examples=0, **where):
        return self._get("/differences", since=since, groups=200, limit=examples, **where)

    def set_mode(self, mix, reason):
        """Gives the version of the flag that says so; evaluations carry it."""
        return call(f"{self._path}/mode", {"mode": mix, "reason": reason}, "PUT")["version"]

    def set_compare(self, section, comment):
        """Changes the flag that both the server and the SDK take their comparison rules from."""
        flag_url = f"{self.url}/api/flags/{self.name}.compare"
        flag = call(flag_url)
        flag["variations"] = [section]
        query = urllib.parse.urlencode({"comment": comment})
        call(f"{flag_url}?{query}", flag, "PUT")

    def query(self, calculations, by=(), where=(), since=None, granularity=None):
        """Answers about the migration's evaluations: a list of {column or name: value}.

        `calculations` maps a name to "COUNT" or (operation, column).
        """
        spec = {
            "dataset": "evaluations",
            "calculations": [
                {"op": asked, "name": name}
                if isinstance(asked, str)
                else {"op": asked[0], "column": asked[1], "name": name}
                for name, asked in calculations.items()
            ],
            "breakdowns": list(by),
            "filters": [
                {"column": "evaluation.migration", "op": "=", "value": self.name},
                *({"column": column, "op": op, "value": value} for column, op, value in where),
            ],
            "limit": 1000,
        }
        if since is not None:
            spec["start_time"] = int(since)
            spec["end_time"] = int(time.time()) + 1
        if granularity is None:
            spec["disable_series"] = True
        else:
            spec["granularity"] = granularity
        data = call(f"{self.url}/api/query", spec)["data"]
        if granularity is None:
            return [result["data"] for result in data["results"]]
        return [{"time": entry["time"], **entry["data"]} for entry in data["series"]]

    def count(self, since=None, where=()):
        rows = self.query({"n": "COUNT"}, where=where, since=since)
        return rows[0]["n"] if rows else 0

    def mark(self, kind, message):
        call(f"{self.url}/api/markers", {"type": kind, "message": message})


def markers(url, since):
    return call(f"{url}/api/markers?from={int(since)}")["markers"]
