"""How much of everything a run uses."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """All of the flights, or a sample for a quick run. The steps and the checks are the same."""

    flights_every: int  # each n-th flight is in the object store
    requests_per_second_max: float
    read_capacity: int  # what Data Engine is provisioned with at first, read units a second
    baseline: int  # evaluations that make the baseline
    glance: int  # evaluations that a first look takes
    look: int  # evaluations after which differences are believed to be gone
    proxied: int  # requests through the proxy
    margin: str  # of the success rate and the difference rate
    p50: str
    p99: str
    evaluations_min: int
    duration_min: str
    limit_s: int  # for anything that is waited for


# 0.5% takes 1,012 evaluations without a failure (docs/judging.md), and the P99 of both sides is
# bounded after 580. 100 ms is what people feel as at once; at the slow end the new engine may be no
# slower than the old one.
FULL = Scale(
    flights_every=1,
    requests_per_second_max=120,
    read_capacity=4,
    baseline=400,
    glance=100,
    look=250,
    proxied=300,
    margin="0.5%",
    p50="100ms",
    p99="1.00",
    evaluations_min=1000,
    duration_min="10s",
    limit_s=600,
)

# On a thirtieth of the flights SQLite takes less time than a call over HTTP does, so the sample has
# bounds of its own, wide enough for a machine that is busy with other tests.
QUICK = Scale(
    flights_every=30,
    requests_per_second_max=120,
    read_capacity=16,
    baseline=60,
    glance=40,
    look=80,
    proxied=100,
    margin="2%",
    p50="250ms",
    p99="1s",
    evaluations_min=250,
    duration_min="2s",
    limit_s=300,
)
