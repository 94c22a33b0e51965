-- Takes 20250915_001_create_maintenance_tables.sql back.
ALTER TABLE resources DROP COLUMN serviced;
DROP TABLE maintenance_logs;
DROP TABLE maintenance_schedules;
DROP TYPE maintenance_status;
DROP TYPE maintenance_frequency;
