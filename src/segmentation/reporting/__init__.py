"""Running notebooks and publishing what they show; the only room that imports papermill."""
