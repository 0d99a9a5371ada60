"""Every picture: takes results, computes nothing; the only room that imports plotly."""
