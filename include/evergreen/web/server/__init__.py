"""The FastAPI application: mounting, authorization, security headers, error pages."""
