"""The page of `boxfold view`: template, style and script, and what joins them."""
