from datetime import date

import goals
import levels
import pytest
import web


@pytest.mark.parametrize(
    ("level", "number"), [("L3", 3), ("3-4", 3), ("Advanced (self-assessed)", 3), (None, 0), ("soon", 0)]
)
def test_a_level_is_read_as_people_write_it(level, number):
    assert levels.number(level) == number


def test_a_deadline_is_a_day():
    assert goals.deadline("2026-03-31") == date(2026, 3, 31)
    assert goals.deadline(None) is None
    with pytest.raises(web.Refused):
        goals.deadline("soon")
