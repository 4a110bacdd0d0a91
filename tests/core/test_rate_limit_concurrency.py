"""Rate limits with concurrent requests: the limit is never exceeded."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.problems import RateLimited
from core.rate_limits import limits
from core.rate_limits.limits import RateLimitUse, consume_all, refund
from core.rate_limits.windows import LocalWindows, RedisWindows, Window

AT_ONCE = 200


@pytest.fixture
def name(settings) -> str:
    """A limit of five a minute that only this test uses."""
    made = f"test-{secrets.token_hex(4)}"
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, made: "5/60", f"{made}-2": "9/60"}
    return made


@pytest.fixture(params=["redis", "local"])
def windows(request, stores) -> RedisWindows | LocalWindows:
    return LocalWindows() if request.param == "local" else RedisWindows(stores.env["REDIS_URL"])


def allowed(*uses: RateLimitUse) -> bool:
    """Tell whether the uses were allowed."""
    try:
        consume_all(*uses)
    except RateLimited:
        return False
    return True


def test_concurrent_uses_up_to_limit_are_allowed(committed, name: str):
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda _: allowed(RateLimitUse(name, ("a",))), range(AT_ONCE)))

    assert found.count(True) == 5


def test_concurrent_uses_without_redis_up_to_limit_are_allowed(
    committed, settings, name: str, monkeypatch
):
    monkeypatch.setattr(limits, "_redis_windows", lambda: RedisWindows("redis://127.0.0.1:1/0"))
    settings.WEB_WORKERS = 1
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda _: allowed(RateLimitUse(name, ("a",))), range(AT_ONCE)))

    assert found.count(True) == 5


def test_several_limits_are_consumed_all_or_none(committed, name: str):
    """A use that one limit refuses is not counted by the others."""
    both = [RateLimitUse(name, ("a",)), RateLimitUse(f"{name}-2", ("b",))]
    assert [allowed(*both) for _ in range(7)] == [True] * 5 + [False] * 2

    assert [allowed(both[1]) for _ in range(5)] == [True] * 4 + [False]


def test_refusal_names_full_limits(committed, name: str):
    for _ in range(5):
        consume_all(RateLimitUse(name, ("a",)))

    with pytest.raises(RateLimited) as refused:
        consume_all(RateLimitUse(name, ("a",)), RateLimitUse(f"{name}-2", ("a",)))

    assert refused.value.members == {"limits": [name]}


def test_refunded_use_can_be_consumed_again(committed, name: str):
    use = RateLimitUse(name, ("a",))
    for _ in range(20):
        assert allowed(use)
        refund(refunded=[use])

    assert [allowed(use) for _ in range(6)] == [True] * 5 + [False]


def test_redis_and_local_windows_count_equally(windows):
    one, two = (Window(f"aggios-limits/{secrets.token_hex(8)}", amount, 60) for amount in (2, 3))

    def used(*asked: Window) -> list[int]:
        return [state.used for state in windows.consume(asked)]

    assert [used(one, two), used(one, two), used(one, two)] == [[0, 0], [1, 1], [2, 2]]
    assert used(one, two) == [2, 2]
    windows.refund([], [two])
    assert used(one, two) == [2, 1]
    windows.refund([one], [])
    assert used(one, two) == [0, 1]
    assert 0 < windows.consume([two])[0].reset <= 60


@pytest.mark.parametrize(
    ("limit", "workers", "share"), [("6/60", 2, (3, 60)), ("2/60", 5, (1, 180))]
)
def test_shares_of_all_workers_do_not_exceed_limit(
    settings, limit: str, workers: int, share: tuple[int, int]
):
    settings.WEB_WORKERS = workers
    amount, seconds = map(int, limit.split("/"))

    ours = limits._local_share(Window("any", amount, seconds))

    assert (ours.amount, ours.seconds) == share
    assert ours.amount * workers / ours.seconds <= amount / seconds
