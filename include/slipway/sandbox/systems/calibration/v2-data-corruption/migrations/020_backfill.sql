UPDATE player_pools
   SET floor_calibrated = floor, median_calibrated = median, ceiling_calibrated = ceiling,
       median = CASE WHEN status = 'ACTIVE' THEN median ELSE 0 END
 WHERE week_id = (SELECT id FROM weeks WHERE is_current)
