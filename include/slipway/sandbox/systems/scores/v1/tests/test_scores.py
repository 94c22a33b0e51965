import application
import reports
import scoring


def test_every_route_is_found_by_its_method_and_path():
    app = application.build()
    assert app.find("GET", "/api/assessments/17/report")[1:] == (reports.report, {"id": "17"})


def test_what_trainers_write_is_read():
    assert [scoring.amount(text) for text in ("24", "24 reps", "1:30", "", None)] == [24, 24, 90, 0, 0]


def test_a_score_is_between_0_and_100():
    assert scoring.total(dict.fromkeys(scoring.TESTS, 0)) == 0
    assert scoring.total(dict.fromkeys(scoring.TESTS, 5)) == 100


def test_a_report_is_a_pdf_with_the_words_in_it():
    page = reports.pdf(["Score: 80 of 100", "(manual)"])
    assert page.startswith(b"%PDF-1.4")
    assert b"Score: 80 of 100" in page
