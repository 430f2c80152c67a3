-- The topic of heartbeats under a whole name, which counts for more than what it would begin with.
-- debezium: schema.include.list=public
-- debezium: heartbeat.interval.ms=2000
-- debezium: topic.heartbeat.prefix=beats
-- debezium: topic.heartbeat.name=all.beats
CREATE TABLE a (id int PRIMARY KEY, v text);
-- stream
INSERT INTO a VALUES (1, 'one');
