#!/usr/bin/env bash
{{options}}
# Workers of a run of astra-bossnet, as one task of a Slurm job array. `astra srun` fills in what
# stands between double braces, quoted for the shell, and submits the result. A site that needs
# more (modules, a container) edits a copy and names it in its profile (template: PATH).
# The database and its password are not in here: they are in the configuration, the environment
# or ~/.pgpass, as everywhere.
set -u

# CPU threads of each worker, unless the environment knows better.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-{{threads}}}"

# Before the time limit Slurm sends USR1 to this shell: the workers end cleanly, and this task
# queues itself again to go on. SIGTERM comes when the job is cancelled, requeued or preempted;
# Slurm itself then knows what becomes of it. Both are passed on as USR1, which never insists.
workers= again= asked=
pass_on() { asked=yes; [ -z "$workers" ] || kill -USR1 "$workers" 2>/dev/null; }
trap 'again=yes; pass_on' USR1
trap pass_on TERM

{{command}} &
workers=$!
[ -z "$asked" ] || pass_on  # it came before there was anybody to pass it on to

while asked=; wait "$workers"; status=$?; [ -n "$asked" ]; do  # a trap ended the waiting
    :
done
if [ -n "$again" ] && [ "$status" -gt 128 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
