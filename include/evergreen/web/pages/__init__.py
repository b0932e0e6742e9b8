"""The pages that people see: rendered by the server, without inline script or style."""
