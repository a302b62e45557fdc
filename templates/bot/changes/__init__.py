"""Change notifications of Graph."""
