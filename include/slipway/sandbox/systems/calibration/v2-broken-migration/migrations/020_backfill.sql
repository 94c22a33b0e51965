ALTER TABLE player_pools ADD CONSTRAINT player_pools_once UNIQUE (week_id, name)
