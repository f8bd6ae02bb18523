"""CPU per request against nginx: plain proxying, mirroring, comparing; recording off and on."""

import os

from processes import Bed, cpu_us_per_request, free_port, get_json, origin, wait_for_port
from report import ratio_row

SMALL = '{"answer":"' + "x" * 230 + '"}'  # about 260 bytes with its head's share


def table_body(shuffled):
    """A JSON answer of about 1 KB: rows of an aggregate, as a dashboard gets them. The candidate's
    has its keys in another order, so that equality is found by comparing and not by memcmp."""
    rows = []
    for i in range(12):
        fields = [f'"carrier":"C{i:02}"', f'"flights":{1000 + i * 37}', f'"delay":{i * 1.25 + 0.5}',
                  f'"distance":{500 + i * 11}']
        rows.append("{" + ",".join(reversed(fields) if shuffled else fields) + "}")
    return '{"rows":[' + ",".join(rows) + '],"total":12,"note":"' + "n" * 120 + '"}'


def nginx_proxy(port, control, log):
    return f"""  upstream control_{port} {{ server 127.0.0.1:{control}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096; access_log {log};
    location / {{ proxy_pass http://control_{port}; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
"""


def nginx_mirror(port, control, candidate, log):
    return f"""  upstream control_{port} {{ server 127.0.0.1:{control}; keepalive 128; keepalive_requests 1000000000; }}
  upstream candidate_{port} {{ server 127.0.0.1:{candidate}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096; access_log {log};
    location / {{ mirror /shadow; proxy_pass http://control_{port}; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    location = /shadow {{ internal; proxy_pass http://candidate_{port}$request_uri; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
"""


def migration(control, candidate, mode, more=""):
    return f"""    control: {{ url: "http://127.0.0.1:{control}" }}
    candidate: {{ url: "http://127.0.0.1:{candidate}" }}
    mode: {mode}
{more}"""


# Of the requests of a row; an open circuit or a full queue loses far more.
LOST_SHARE_MAX = 0.01


def check_all_was_done(name, admin):
    """A second call that was shed and a record that was dropped cost nothing, and would flatter the
    row."""
    books = get_json(admin, "/api/migrations/bench")["accounting"]
    lost = books["records_dropped"] + sum(
        books["accounts"][account] for account in ("shed", "too_large", "timed_out", "failed"))
    if lost > LOST_SHARE_MAX * books["requests"]:
        raise RuntimeError(f"{name}: much was not called or not recorded: {books}")


def cpu_rows(options):
    binary = os.path.join(options.build, "src/app/understudy")
    rows = []
    with Bed() as bed:
        small, table, shuffled, empty = (free_port() for _ in range(4))
        bed.nginx("origin", origin(small, SMALL) + origin(table, table_body(False))
                  + origin(shuffled, table_body(True))
                  + f"  server {{ listen 127.0.0.1:{empty}; access_log off; location / {{ return 204; }} }}\n")

        def nginx(name, text_of):
            port = free_port()
            return bed.nginx(name, text_of(port)), port

        log = f"{bed.path('access.json')} json buffer=64k flush=1s"
        peers = {
            "proxy_pass, log off": nginx("n1", lambda p: nginx_proxy(p, small, "off")),
            "proxy_pass, JSON log": nginx("n2", lambda p: nginx_proxy(p, small, log)),
            "mirror (empty answer), log off": nginx("n3", lambda p: nginx_mirror(p, small, empty, "off")),
            "mirror (empty answer), JSON log": nginx("n4", lambda p: nginx_mirror(p, small, empty, log)),
            "mirror, log off": nginx("n5", lambda p: nginx_mirror(p, small, small, "off")),
            "mirror, JSON log": nginx("n6", lambda p: nginx_mirror(p, small, small, log)),
            "mirror of 1 KB, log off": nginx("n7", lambda p: nginx_mirror(p, table, shuffled, "off")),
            "mirror of 1 KB, JSON log": nginx("n8", lambda p: nginx_mirror(p, table, shuffled, log)),
        }

        def ours(mode, control, candidate, recording):
            process, port, admin = bed.understudy(binary, migration(control, candidate, mode), recording)
            return process.pid, port, admin

        def bare_relay(service):
            port = free_port()
            process = bed.start([os.path.join(options.build, "bench/bare_relay"), str(port), str(service)],
                                f"relay-{port}")
            wait_for_port(port)
            return process.pid, port, None

        plan = [
            # Not ours: what is left for a proxy to save, whatever it does.
            ("a relay that reads nothing", bare_relay(small), "proxy_pass, log off", None),
            ("control_only, recording off", ours("control_only", small, small, "off"),
             "proxy_pass, log off", 0.80),
            ("control_only, recorded", ours("control_only", small, small, "on"),
             "proxy_pass, JSON log", 1.00),
            ("fire_and_forget (empty answer), recording off",
             ours("fire_and_forget", small, empty, "off"), "mirror (empty answer), log off", None),
            ("fire_and_forget, recording off", ours("fire_and_forget", small, small, "off"),
             "mirror, log off", None),
            ("fire_and_forget (empty answer), recorded", ours("fire_and_forget", small, empty, "on"),
             "mirror (empty answer), JSON log", 0.85),
            ("fire_and_forget, recorded", ours("fire_and_forget", small, small, "on"),
             "mirror, JSON log", 0.30),
            ("full_evaluation of 1 KB, recording off", ours("full_evaluation", table, shuffled, "off"),
             "mirror of 1 KB, log off", None),
            ("full_evaluation of 1 KB, recorded", ours("full_evaluation", table, shuffled, "on"),
             "mirror of 1 KB, JSON log", 0.40),
        ]
        for name, (pid, port, admin), peer, budget in plan:
            peer_pid, peer_port = peers[peer]
            pairs = []
            for round_number in range(options.rounds + 1):
                mine = cpu_us_per_request(pid, port, options.seconds)
                theirs = cpu_us_per_request(peer_pid, peer_port, options.seconds)
                if round_number > 0:  # the first round warms both up
                    pairs.append((mine, theirs))
            if admin is not None:
                check_all_was_done(name, admin)
            row = ratio_row(f"CPU per request, {name}", "us", f"nginx {peer}", pairs, budget)
            print(f"   {row.name}: {row.value} us, nginx {row.peer_value} us, ratio {row.ratio}", flush=True)
            rows.append(row)
    return rows
