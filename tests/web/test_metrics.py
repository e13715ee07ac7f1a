from datasouk.web.metrics import Metrics


def test_requests_are_counted_by_route_and_status() -> None:
    metrics = Metrics()
    metrics.count("/stream", 200, 0.002)
    metrics.count("/stream", 200, 0.2)
    metrics.count("none", 404, 0.001)
    text = metrics.show({}).decode()
    assert 'datasouk_requests_total{route="/stream",status="200"} 2.0' in text
    assert 'datasouk_requests_total{route="none",status="404"} 1.0' in text
    assert 'datasouk_request_seconds_bucket{le="0.0025",route="/stream"} 1.0' in text


def test_gauges_are_as_they_are_now() -> None:
    metrics = Metrics()
    metrics.show({"operator_iota": 5})
    assert "datasouk_operator_iota 7.0" in metrics.show({"operator_iota": 7}).decode()


def test_two_applications_do_not_count_together() -> None:
    first, second = Metrics(), Metrics()
    first.count("/stream", 200, 0.1)
    assert "/stream" not in second.show({}).decode()
