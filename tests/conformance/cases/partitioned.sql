-- A partitioned table is its root.
-- debezium: table.include.list=public.sales
-- debezium: publish.via.partition.root=true
CREATE TABLE sales (id int, day date NOT NULL, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE sales_old PARTITION OF sales FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
CREATE TABLE sales_new PARTITION OF sales FOR VALUES FROM ('2020-01-01') TO ('2040-01-01');
INSERT INTO sales VALUES (1, '2010-01-01', 'old'), (2, '2030-01-01', 'new');
-- stream
INSERT INTO sales VALUES (3, '2011-01-01', 'old'), (4, '2031-01-01', 'new');
UPDATE sales SET v = 'x' WHERE id = 1;
DELETE FROM sales WHERE id = 2;
-- Into the other partition.
UPDATE sales SET day = '2035-05-05' WHERE id = 3;
