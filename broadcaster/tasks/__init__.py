"""The Celery application and its tasks; messages carry ids alone."""
