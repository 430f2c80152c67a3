-- The topic of heartbeats under another name, beside records without schemas.
-- debezium: schema.include.list=public
-- debezium: heartbeat.interval.ms=2000
-- debezium: topic.heartbeat.prefix=beats
-- debezium: value.converter.schemas.enable=false
-- debezium: topic.creation.default.partitions=3
CREATE TABLE a (id int PRIMARY KEY, v text);
-- stream
INSERT INTO a VALUES (1, 'one');
