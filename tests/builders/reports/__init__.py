"""Reports made by hand, for tests of renderers."""
