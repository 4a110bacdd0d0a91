"""Files that were deleted: kept for a time, brought back, or gone for good."""
