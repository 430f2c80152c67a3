-- Heartbeats, and a statement that goes with each; what it writes is not captured.
-- in json and avro
-- debezium: schema.include.list=public
-- debezium: heartbeat.interval.ms=2000
-- debezium: heartbeat.action.query=INSERT INTO beat.beats DEFAULT VALUES
CREATE SCHEMA beat;
CREATE TABLE beat.beats (at timestamptz DEFAULT now());
CREATE TABLE a (id int PRIMARY KEY, v text);
INSERT INTO a VALUES (1, 'one');
-- stream
UPDATE a SET v = 'two';
