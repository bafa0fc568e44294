-- Failures are few, and asked for by the run that made them: among millions of rows they are found
-- without reading the others. The planner has to know that they are few.

CREATE INDEX boss_net_failed ON boss_net (run_pk, spectrum_pk) WHERE result_flags & 1 <> 0;
CREATE STATISTICS boss_net_failed ON (result_flags & 1) FROM boss_net;
