"""Two metadata documents → what changed, and what that means for whom."""
