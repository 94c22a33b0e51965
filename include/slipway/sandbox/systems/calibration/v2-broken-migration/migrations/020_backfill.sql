UPDATE player_pools
   SET floor_calibrated = floor, median_calibrated = median, ceiling_calibrated = ceiling
 WHERE week_id = (SELECT id FROM weeks WHERE is_current);
ALTER TABLE player_pools ADD CONSTRAINT player_pools_once UNIQUE (week_id, name)
