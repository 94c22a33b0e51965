import levels


def test_a_level_is_read():
    assert levels.number("L3") == 3
    assert levels.number(None) == 0
