"""The Celery application, for `celery -A worker`."""

from broadcaster.tasks.process import application

app = application()
