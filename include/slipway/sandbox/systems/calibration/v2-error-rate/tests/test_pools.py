import ranking


def test_the_smart_score_is_points_per_thousand_of_salary():
    assert ranking.value({"salary": 5000, "floor": 5, "median": 10, "ceiling": 15}) == 2.0
