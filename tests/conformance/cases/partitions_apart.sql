-- Partitions under their own names.
-- debezium: publish.via.partition.root=false
-- debezium: table.include.list=public\.m.*
CREATE TABLE meas (id int, d date NOT NULL, v numeric, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
CREATE TABLE m_a PARTITION OF meas FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE TABLE m_b PARTITION OF meas DEFAULT;
INSERT INTO meas VALUES (1, '2020-05-05', 1.5), (2, '2025-01-01', 2);
-- stream
INSERT INTO meas VALUES (3, '2020-06-06', 3); UPDATE meas SET d = '2030-01-01' WHERE id = 3; TRUNCATE meas;
ALTER TABLE meas DETACH PARTITION m_b; INSERT INTO m_b VALUES (9, '2031-01-01', NULL);
