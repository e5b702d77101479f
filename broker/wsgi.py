"""gunicorn's entry: `gunicorn broker.wsgi:app`. Each worker also runs the upkeep; a lease in the database picks one."""

from broker.app import create_app, vestibule

UPKEEP_SECONDS = 60

app = create_app()
vestibule(app).upkeep.start(UPKEEP_SECONDS)
