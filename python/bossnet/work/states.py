"""States of a run and of its workers, as the database has them."""

PLANNING, PLANNED, RUNNING = "planning", "planned", "running"
DONE, FAILED, INTERRUPTED = "done", "failed", "interrupted"
STOPPED = "stopped"  #: of a worker that was asked to end; it may be running, done or failed, too

LIVE = (PLANNING, PLANNED, RUNNING)  #: of a run that may go on by itself
OPEN = (PLANNED, RUNNING, INTERRUPTED)  #: of a run that takes workers; so says workers.sql, too
ENDED = (DONE, FAILED)  #: of a run that no worker changes any more
