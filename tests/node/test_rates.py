from datasouk.node.rates import Rates

NOW = 1_700_000_000.0


def test_nothing_counted_is_no_rate() -> None:
    assert Rates().per_second(NOW) == (0.0, 0.0)


def test_average_over_the_ten_seconds_before_this_one() -> None:
    rates = Rates()
    for second in range(20):
        rates.count_attached(NOW + second + 0.3, 5)
        rates.count_referenced(NOW + second + 0.9, 3)
    assert rates.per_second(NOW + 20) == (5.0, 3.0)


def test_second_that_is_not_over_does_not_count_yet() -> None:
    """Or the rate would fall at the beginning of every second."""
    rates = Rates()
    rates.count_attached(NOW, 10)
    assert rates.per_second(NOW + 0.9) == (0.0, 0.0)
    assert rates.per_second(NOW + 1) == (1.0, 0.0)


def test_burst_is_forgotten_after_ten_seconds() -> None:
    rates = Rates()
    rates.count_attached(NOW, 10)
    assert rates.per_second(NOW + 10.9)[0] == 1.0
    assert rates.per_second(NOW + 11)[0] == 0.0


def test_counts_of_one_second_add_up() -> None:
    rates = Rates()
    for part in range(10):
        rates.count_attached(NOW + part / 10)
    assert rates.per_second(NOW + 1) == (1.0, 0.0)


def test_gaps_are_no_messages() -> None:
    rates = Rates()
    rates.count_referenced(NOW, 10)
    rates.count_referenced(NOW + 5, 20)
    assert rates.per_second(NOW + 6) == (0.0, 3.0)
    assert rates.per_second(NOW + 12) == (0.0, 2.0)


def test_memory_stays_bounded() -> None:
    rates = Rates()
    for second in range(10_000):
        rates.count_attached(NOW + second)
    assert len(rates._attached) <= 11


def test_clock_that_steps_back_does_no_harm() -> None:
    rates = Rates()
    rates.count_attached(NOW + 100, 10)
    rates.count_attached(NOW, 20)
    assert rates.per_second(NOW + 1) == (2.0, 0.0)
