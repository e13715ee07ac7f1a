from datasouk.ledger.answers import MilestoneInfo
from datasouk.node.events import Event, EventHub, MilestoneConfirmed

EVENT = MilestoneConfirmed(MilestoneInfo(1, bytes(32), 0))


def test_every_listener_hears_every_event_in_order() -> None:
    hub, heard = EventHub(), list[tuple[str, Event]]()
    hub.listen(lambda event: heard.append(("first", event)))
    hub.listen(lambda event: heard.append(("second", event)))
    later = MilestoneConfirmed(MilestoneInfo(2, bytes(32), 0))
    hub.publish(EVENT)
    hub.publish(later)
    assert heard == [("first", EVENT), ("second", EVENT), ("first", later), ("second", later)]


def test_hub_knows_whether_anybody_listens() -> None:
    hub = EventHub()
    assert not hub.is_heard
    hub.publish(EVENT)
    stop = hub.listen(lambda event: None)
    assert hub.is_heard
    stop()
    assert not hub.is_heard


def test_listener_that_stopped_hears_nothing_more() -> None:
    hub, heard = EventHub(), list[Event]()
    stop = hub.listen(heard.append)
    hub.publish(EVENT)
    stop()
    hub.publish(EVENT)
    assert heard == [EVENT]


def test_listener_may_stop_while_it_is_told() -> None:
    hub, heard = EventHub(), list[str]()

    def once(event: Event) -> None:
        heard.append("once")
        stop()

    stop = hub.listen(once)
    hub.listen(lambda event: heard.append("always"))
    hub.publish(EVENT)
    hub.publish(EVENT)
    assert heard == ["once", "always", "always"]
