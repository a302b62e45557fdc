"""The bot kit: verifies, orders, remembers and answers what Graph posts to a calling bot."""
