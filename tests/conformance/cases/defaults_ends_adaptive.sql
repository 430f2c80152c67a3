-- Defaults that have no end, or are the end of what there is.
-- debezium: time.precision.mode=adaptive
CREATE TABLE d (id int PRIMARY KEY, d1 date DEFAULT 'infinity', d2 date DEFAULT '-infinity', d3 date DEFAULT '0044-03-15 BC', t1 timestamp DEFAULT 'infinity', t2 timestamp DEFAULT '-infinity', t3 timestamp(3) DEFAULT 'infinity', t4 timestamp(3) DEFAULT '-infinity', z1 timestamptz DEFAULT 'infinity', z2 timestamptz DEFAULT '-infinity', tm time DEFAULT '24:00:00', bc timestamp DEFAULT '0044-03-15 01:02:03 BC', far timestamp DEFAULT '294276-12-31 23:59:59.999999', iv interval DEFAULT '-1 mon', te date DEFAULT '1969-12-31', tz6 timestamptz(6) DEFAULT '1900-01-01 00:00:00.5+01', tneg timestamp DEFAULT '1960-01-01 00:00:00.123456');
INSERT INTO d (id, d2, d3, t1,t2,t3,t4,z1,z2, bc, far) VALUES (1,'2020-01-01','2020-01-01', now(),now(),now(),now(),now(),now(),now(),now());
-- stream
INSERT INTO d (id) VALUES (2);
