"""The OpenAPI document of ringme and the page that shows it."""
