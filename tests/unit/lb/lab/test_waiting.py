import pytest

from lb.lab.errors import BrokenLabError, LabError, TimedOutError
from lb.lab.waiting import wait_for


def test_the_first_true_value_is_returned():
    answers = iter([None, 0, "", "there", "later"])
    assert wait_for(lambda: next(answers), "an answer", pause=0) == "there"


def test_an_error_is_a_not_yet():
    answers = iter([OSError("nobody"), LabError("kubectl said no"), "there"])

    def condition():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert wait_for(condition, "an answer", pause=0) == "there"


def test_what_is_broken_is_not_waited_for():
    def condition():
        raise BrokenLabError("etcd has ended")

    with pytest.raises(BrokenLabError, match="etcd has ended"):
        wait_for(condition, "etcd", pause=0)


def test_too_late_says_what_was_awaited_and_seen_last():
    with pytest.raises(TimedOutError, match=r"^waited 0 s for two nodes; last seen: \[\]$"):
        wait_for(list, "two nodes", timeout=0, pause=0)


def test_too_late_says_the_last_error():
    def condition():
        raise OSError("nobody answers")

    with pytest.raises(
        TimedOutError, match=r"for the API; last seen: OSError\('nobody answers'\)$"
    ) as caught:
        wait_for(condition, "the API", timeout=0, pause=0)
    assert isinstance(caught.value.__cause__, OSError)
