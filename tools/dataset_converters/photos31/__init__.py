"""photos31: photographic composites with exact boxes and masks, for experiments without downloading a benchmark."""
