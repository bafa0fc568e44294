-- What a worker computed the network with.

ALTER TABLE bossnet_worker ADD COLUMN arithmetic text;
COMMENT ON COLUMN bossnet_worker.arithmetic IS
    'What computed the network, and in which precision: module (torch''s layers, the reference) or engine (the same with less arithmetic, as measured with these weights).';
