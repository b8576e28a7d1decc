"""Background jobs: work that takes long is done in chunks, goes on after a crash, and delays nobody else.

A decision (a mutation, a command) writes what it decides and opens a job in the same transaction:
``await store.jobs.start(KIND, workspace_id, subject_id, now)``. The runner, in the tick loop of every process, takes
the most urgent open job, carries out one chunk, and looks again. ``runner.py`` says how workspaces share it.

To add a kind of job, write one file in the room of its subject, such as ``api/services/people/import_job.py``:

1. ``async def _work(job, runtime)`` is a generator. It reads what is left from the database, and yields after each
   committed transaction how many people or rows that did. It may be stopped after any of them, and then begins again.
   A transaction that writes for the job first checks in the database that the job's decision still stands.
2. ``async def _give_up(job, reason, runtime)`` ends the subject where the job fails again and again.
3. ``MY_KIND = Kind("my_kind", Priority.BULK, _work, _give_up)``.

Then add one line, ``MY_KIND``, to ``JOB_KINDS`` in ``api/job_kinds.py``. Leases, retries, priorities, fairness and
metrics come with it. ``bisect_failures`` (bisection.py) finds the one row that makes a chunk fail. To cancel a job,
write the decision and ``store.jobs.cancel`` in one transaction.

Imports: codes, mail, models, services.common, store, strategies.
Imported by: cli, services.
"""
