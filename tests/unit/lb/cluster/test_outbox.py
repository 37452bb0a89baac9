from lb.cluster.outbox import LONGEST_MESSAGE, ObjectReference, Outbox, Tally, Told, fitting

WEB = ObjectReference("v1", "Service", "web", "shop", "uid-1")
ALLOCATED = Told(WEB, "Normal", "IPAllocated", "Assigned 10.0.0.1")
FAILED = Told(WEB, "Warning", "AllocationFailed", "no address is free")


def outbox(waiting=10, remembered=10):
    names = iter(f"web.{number}" for number in range(100))
    return Outbox(waiting, remembered, lambda told: next(names))


def test_events_are_sent_in_the_order_in_which_they_were_told():
    box = outbox()
    box.put(FAILED, "10:00")
    box.put(ALLOCATED, "10:01")
    assert box.take() == (FAILED, Tally("web.0", "10:00", "10:00"))
    assert box.take() == (ALLOCATED, Tally("web.1", "10:01", "10:01"))
    assert box.take() is None


def test_an_event_repeated_while_it_waits_is_sent_once_with_its_count():
    box = outbox()
    for at in ("10:00", "10:01", "10:02"):
        box.put(ALLOCATED, at)
    assert box.take() == (ALLOCATED, Tally("web.0", "10:00", "10:02", 3))
    assert box.take() is None


def test_an_event_repeated_after_it_was_sent_counts_on_under_its_name():
    box = outbox()
    box.put(ALLOCATED, "10:00")
    assert not box.exists(ALLOCATED)
    box.sent(*box.take())
    box.put(ALLOCATED, "10:05")
    assert box.exists(ALLOCATED)
    assert box.take() == (ALLOCATED, Tally("web.0", "10:00", "10:05", 2))


def test_an_event_repeated_while_it_is_sent_counts_on_under_its_name():
    box = outbox()
    box.put(ALLOCATED, "10:00")
    sending = box.take()
    box.put(ALLOCATED, "10:01")
    box.sent(*sending)
    assert box.take() == (ALLOCATED, Tally("web.0", "10:00", "10:01", 2))


def test_an_event_given_up_starts_anew():
    box = outbox()
    box.put(ALLOCATED, "10:00")
    box.take()
    box.drop(ALLOCATED)
    box.put(ALLOCATED, "10:05")
    assert box.take() == (ALLOCATED, Tally("web.1", "10:05", "10:05"))


def test_an_event_that_the_api_server_forgot_is_to_be_created_again():
    box = outbox()
    box.put(ALLOCATED, "10:00")
    box.sent(*box.take())
    box.forget(ALLOCATED)
    assert not box.exists(ALLOCATED)


def test_no_more_events_wait_than_allowed_but_repetitions_are_counted():
    box = outbox(waiting=1)
    assert box.put(ALLOCATED, "10:00")
    assert not box.put(FAILED, "10:01")
    assert box.put(ALLOCATED, "10:02")
    assert box.take() == (ALLOCATED, Tally("web.0", "10:00", "10:02", 2))


def test_only_the_events_sent_last_are_remembered():
    box = outbox(remembered=1)
    for told in (ALLOCATED, FAILED):
        box.put(told, "10:00")
        box.sent(*box.take())
    assert not box.exists(ALLOCATED)
    assert box.exists(FAILED)


def test_an_event_about_an_object_made_anew_is_another_event():
    box = outbox()
    box.put(ALLOCATED, "10:00")
    box.put(Told(ObjectReference("v1", "Service", "web", "shop", "uid-2"), *told_rest(ALLOCATED)), "10:00")
    assert box.take()[1].times == 1
    assert box.take()[1].times == 1


def told_rest(told):
    return told.type, told.reason, told.message


def test_a_message_is_cut_to_what_an_event_can_hold():
    assert fitting("x" * LONGEST_MESSAGE) == "x" * LONGEST_MESSAGE
    cut = fitting("\N{SNOWMAN}" * LONGEST_MESSAGE)
    assert len(cut.encode()) <= LONGEST_MESSAGE
    assert cut.endswith("(cut; the log has it whole)")
