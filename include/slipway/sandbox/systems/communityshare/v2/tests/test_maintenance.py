import application


def test_the_maintenance_routes_are_served():
    app = application.build()
    assert app.find("POST", "/api/maintenance/schedules/7/complete")[2] == {"id": "7"}
