-- Takes maintenance_test_data.sql back; the logs go with their schedules.
DELETE FROM maintenance_schedules WHERE title LIKE 'Test schedule%' AND user_id >= 1000000;
