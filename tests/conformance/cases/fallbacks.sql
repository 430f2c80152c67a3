-- What Debezium invents in the before of a delete for columns that may not be null and were not sent.
-- in json and avro
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE f (id int PRIMARY KEY, s smallint NOT NULL, i int NOT NULL, l bigint NOT NULL, r real NOT NULL, d double precision NOT NULL, b boolean NOT NULL,
  p numeric(10,2) NOT NULL, n numeric NOT NULL, t text NOT NULL, v varchar(3) NOT NULL, c char(3) NOT NULL, u uuid NOT NULL, j json NOT NULL, jb jsonb NOT NULL,
  m mood NOT NULL, x bytea NOT NULL, day date NOT NULL, tm time NOT NULL, tm3 time(3) NOT NULL, ts timestamp NOT NULL, ts3 timestamp(3) NOT NULL, tz timestamptz NOT NULL,
  ia int[] NOT NULL, ta text[] NOT NULL);
CREATE TABLE g (id int PRIMARY KEY, i int NOT NULL DEFAULT 42, t text NOT NULL DEFAULT 'dflt', ts timestamptz NOT NULL DEFAULT now(), b boolean NOT NULL DEFAULT true,
  n numeric(6,2) NOT NULL DEFAULT 1.5, f double precision NOT NULL DEFAULT 2.5, u uuid NOT NULL DEFAULT gen_random_uuid(), o int DEFAULT 7, day date NOT NULL DEFAULT '2020-01-01',
  jb jsonb NOT NULL DEFAULT '{"a": 1}');
CREATE TABLE serials (id bigserial PRIMARY KEY, n serial NOT NULL, v text);
INSERT INTO g VALUES (1);
INSERT INTO serials VALUES (1, 1, 'x');
INSERT INTO f VALUES (1, 1, 1, 1, 1, 1, true, 1, 1, 't', 'v', 'c', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '1', '1', 'ok', '\x01', '2024-01-01', '01:00', '01:00', '2024-01-01', '2024-01-01', '2024-01-01 00:00+00', '{1}', '{a}');
-- stream
DELETE FROM f;
DELETE FROM g;
DELETE FROM serials;
