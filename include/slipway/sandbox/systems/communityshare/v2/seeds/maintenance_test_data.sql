-- Schedules and logs of the test users, for the checks after the deployment.
INSERT INTO maintenance_schedules (user_id, resource_id, title, frequency, next_due)
SELECT 1000140 + n, 1 + n, 'Test schedule ' || n, 'monthly', DATE '2026-01-01' + n::int
FROM generate_series(0, 11) AS n;

INSERT INTO maintenance_logs (schedule_id, user_id, note)
SELECT id, user_id, 'Test log' FROM maintenance_schedules WHERE title LIKE 'Test schedule%' ORDER BY id LIMIT 4;
