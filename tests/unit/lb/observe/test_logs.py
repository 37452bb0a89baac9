import io
import json
import logging

import pytest

from lb.observe.logs import LEVELS, JsonFormatter, log_as_json


def record(message="hello", level=logging.INFO, exc_info=None, **extra):
    made = logging.LogRecord("lb.cluster.client", level, "client.py", 12, message, (), exc_info)
    made.created = 1_770_000_000.25
    vars(made).update(extra)
    return made


def test_a_record_is_one_json_object_with_metallbs_fields():
    line = JsonFormatter().format(record(service="shop/web"))
    assert json.loads(line) == {
        "ts": "2026-02-02T02:40:00.250+00:00",
        "level": "info",
        "caller": "lb.cluster.client:12",
        "msg": "hello",
        "service": "shop/web",
    }


def test_an_exception_stays_on_the_line():
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        line = JsonFormatter().format(record(exc_info=(type(error), error, error.__traceback__)))
    assert "\n" not in line
    fields = json.loads(line)
    assert fields["error"] == r"ValueError('two\nlines')"
    assert fields["trace"].startswith("Traceback (most recent call last):")


def test_a_field_that_json_cannot_hold_is_told_as_text():
    assert json.loads(JsonFormatter().format(record(where=io.StringIO)))["where"] == str(io.StringIO)


@pytest.mark.parametrize(
    ("python", "ours"),
    [
        (logging.DEBUG, "debug"),
        (logging.INFO, "info"),
        (logging.WARNING, "warn"),
        (logging.ERROR, "error"),
        (logging.CRITICAL, "error"),
    ],
)
def test_levels_have_metallbs_names(python, ours):
    assert json.loads(JsonFormatter().format(record(level=python)))["level"] == ours


@pytest.fixture
def _logging_restored():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_logging_restored")
@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("all", ["debug", "info", "warn", "error"]),
        ("debug", ["debug", "info", "warn", "error"]),
        ("info", ["info", "warn", "error"]),
        ("warn", ["warn", "error"]),
        ("error", ["error"]),
        ("none", []),
    ],
)
def test_a_level_lets_through_itself_and_what_is_worse(level, told):
    stream = io.StringIO()
    log_as_json(level, stream)
    log = logging.getLogger("lb.anything")
    log.debug("x")
    log.info("x")
    log.warning("x")
    log.error("x")
    assert [json.loads(line)["level"] for line in stream.getvalue().splitlines()] == told


@pytest.mark.usefixtures("_logging_restored")
def test_libraries_are_quiet_below_warnings_unless_all_is_asked_for():
    stream = io.StringIO()
    log_as_json("debug", stream)
    logging.getLogger("asyncio").debug("x")
    assert stream.getvalue() == ""
    log_as_json("all", stream)
    logging.getLogger("asyncio").debug("x")
    assert json.loads(stream.getvalue())["caller"].startswith("asyncio:")


def test_an_unknown_level_names_those_that_there_are():
    with pytest.raises(
        ValueError, match=r"log level 'loud' is unknown\. Use one of all, debug, info, warn, er"
    ):
        log_as_json("loud")
    assert list(LEVELS) == ["all", "debug", "info", "warn", "error", "none"]
