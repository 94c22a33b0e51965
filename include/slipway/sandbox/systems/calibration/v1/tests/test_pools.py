import application
import pools
import pytest
import ranking
import web


def player(**changes):
    return {"name": "A", "salary": 5000, "floor": 5, "median": 10, "ceiling": 15, **changes}


def test_the_smart_score_is_points_per_thousand_of_salary():
    assert ranking.value(player()) == 2.0


def test_a_player_without_salary_or_projection_scores_nothing():
    assert ranking.value(player(salary=0)) == 0.0
    assert ranking.value(player(floor=None, median=None, ceiling=None)) == 0.0


def test_the_front_end_and_the_pool_are_routed():
    app = application.build()
    assert app.find("GET", "/")[0] == "/"
    assert app.find("GET", "/api/lineup/18")[2] == {"week_id": "18"}


def test_a_player_of_no_position_is_refused():
    with pytest.raises(web.Refused):
        pools.checked({"name": "A", "position": "COACH"})
