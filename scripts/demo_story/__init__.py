"""The story of ./run demo: Flamingo hands its queries over to Data Engine."""
