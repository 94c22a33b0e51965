import conflicts
import memory
import pytest
import web
import workload


@pytest.mark.parametrize(
    ("estimate", "minutes"), [("45", 45), ("1h30", 90), ("2 h", 120), ("90 min", 90), (None, 0), ("soon", 0)]
)
def test_an_estimate_is_read_as_people_type_it(estimate, minutes):
    assert workload.minutes(estimate) == minutes


def test_words_are_learnt_once_each_and_without_short_ones():
    assert memory.words("Call the dentist, call the BANK") == ["bank", "call", "dentist"]


def test_a_time_without_zone_is_refused():
    with pytest.raises(web.Refused):
        conflicts.parse("2026-01-31T08:00:00")
