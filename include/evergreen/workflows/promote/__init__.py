"""Moving the champion: promotion, approval, hold, rollback, watch."""
