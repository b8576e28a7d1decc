"""Background jobs: long work that is done in chunks, continues after a crash, and does not delay other work.

A mutation or a command writes its decision and starts a job in the same transaction:
``await store.jobs.start(KIND, workspace_id, subject_id, now)``. The runner in the tick loop of each process takes the
most urgent open job and carries out its chunks. ``runner.py`` describes how jobs and workspaces share it.

To add a kind of job, write one file in the room of its subject, such as ``api/services/people/import_job.py``:

1. ``async def _work(job, runtime)`` is a generator. It reads the remaining work from the database. After each committed
   transaction it yields how many people or rows it has processed. The runner may stop it after any of them, and then
   starts it again. A transaction that writes for the job first checks that the decision still holds.
2. ``async def _give_up(job, reason, runtime)`` ends the subject after too many failures. A job that no request would
   start again has None instead: it never gives up.
3. ``MY_KIND = JobKind("my_kind", JobPriority.BULK, _work, _give_up)``.

Then add one line, ``MY_KIND``, to ``JOB_KINDS`` in ``api/background_jobs.py``, and name ``services.jobs`` under
``Imports:`` of the room (``python -m tests.import_rules`` prints the right lines). ``runtime.clock`` is real time; a
sandbox has its own. A job that waits yields a timedelta. A job that calls external servers sets ``calls_others``;
``concurrent_jobs.py`` runs several of these at once. Leases, retries, priorities, fairness and metrics need no further
code. ``bisect_failures`` (services/common/job_chunks/bisection.py) finds the one row that makes a chunk fail. To cancel
a job, write the decision and call ``store.jobs.cancel`` in one transaction.

Imports: codes, mail, models, services.common, store, strategies.
Imported by: cli, services.
"""
