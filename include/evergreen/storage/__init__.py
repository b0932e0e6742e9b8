"""Files of the landing area and of Evergreen's own store, on a disk or in an S3 bucket."""
