"""gunicorn's entry: `gunicorn broker.wsgi:app`. Each worker also runs upkeep and watch; leases in the database pick one."""

from broker.app import create_app, vestibule

UPKEEP_SECONDS = 60

app = create_app()
vestibule(app).upkeep.start(UPKEEP_SECONDS)
vestibule(app).services.watch.start(UPKEEP_SECONDS)
