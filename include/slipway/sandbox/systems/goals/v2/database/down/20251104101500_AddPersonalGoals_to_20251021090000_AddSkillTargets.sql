DO $EF$
BEGIN
    IF EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20251104101500_AddPersonalGoals') THEN
    DROP TABLE goals;
    END IF;
END $EF$;

DO $EF$
BEGIN
    IF EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20251104101500_AddPersonalGoals') THEN
    DELETE FROM "__EFMigrationsHistory"
    WHERE "MigrationId" = '20251104101500_AddPersonalGoals';
    END IF;
END $EF$;
