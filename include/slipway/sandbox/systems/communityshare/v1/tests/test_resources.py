import condition


def test_a_condition_is_read_as_owners_write_it():
    assert [condition.fit(text) for text in ("new", " Good", "WORN", "?", None)] == [3, 2, 1, None, None]
