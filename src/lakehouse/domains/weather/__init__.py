"""Weather in the cities of the users, as OpenWeather tells it."""
