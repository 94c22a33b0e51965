import scoring


def test_points_follow_from_what_was_measured():
    assert [scoring.points(text) for text in ("24", "50", None)] == [2, 5, 0]
