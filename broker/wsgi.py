"""gunicorn's entry: `gunicorn broker.wsgi:app`. Each worker also runs upkeep and watch; leases in the database pick one."""

import gc

from broker.app import create_app, vestibule
from broker.web import pages

UPKEEP_SECONDS = 60

app = create_app()
pages.warm_up()
vestibule(app).upkeep.note_start()
vestibule(app).upkeep.start(UPKEEP_SECONDS)
vestibule(app).services.watch.start(UPKEEP_SECONDS)

# What start-up made stays for good: the collector need not visit it again between logins.
gc.collect()
gc.freeze()
