import workload


def test_an_estimate_is_read():
    assert workload.minutes("45") == 45
    assert workload.minutes(None) == 0
