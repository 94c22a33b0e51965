import application
import batch
import flags
import tasks
import web


def test_every_route_is_found_by_its_method_and_path():
    app = application.build()
    assert app.find("GET", "/api/tasks/17")[1:] == (tasks.get_task, {"id": "17"})
    assert app.find("PUT", "/api/flags/undo_stack")[0] == "/api/flags/{name}"


def test_what_is_not_served_is_refused():
    try:
        application.build().find("PATCH", "/api/tasks")
    except web.Refused as refused:
        assert refused.status == 404


def test_the_share_of_a_user_is_stable_and_spread():
    assert flags.share(17) == flags.share(17)
    assert 400 < sum(flags.share(user) < 50 for user in range(1000)) < 600


def test_a_batch_scores_as_each_text_alone():
    assert batch.BATCH.score_all(["a", "b"]) == [batch.score("a"), batch.score("b")]
