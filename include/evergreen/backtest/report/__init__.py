"""What a back-test found, as sentences, tables, charts and one HTML page."""
