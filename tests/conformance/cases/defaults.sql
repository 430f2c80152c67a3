-- Defaults in schemas: literals, functions, expressions.
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN code AS varchar(5);
CREATE TABLE d (id serial PRIMARY KEY, s2 smallserial, s8 bigserial, i int DEFAULT -5, i2 smallint DEFAULT 7, i8 bigint DEFAULT '9', ex int DEFAULT (1 + 2),
  t text DEFAULT 'it''s', v varchar(5) DEFAULT 'abc', c char(5) DEFAULT 'ab', n numeric(6,2) DEFAULT 1.5, nv numeric DEFAULT 1.5, f4 real DEFAULT 1.5, f8 float8 DEFAULT 2, b boolean DEFAULT true, bf boolean DEFAULT 'no',
  u uuid DEFAULT gen_random_uuid(), ul uuid DEFAULT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', d date DEFAULT '2020-01-02', dn date DEFAULT now(), dc date DEFAULT CURRENT_DATE, tm time DEFAULT '01:02:03', ts timestamp DEFAULT '2020-01-02 03:04:05.678', tn timestamp DEFAULT now(), tz timestamptz DEFAULT '2020-01-02 03:04:05+02', tzn timestamptz DEFAULT now(), tz0 timestamptz(0) DEFAULT '2020-01-02 03:04:05+00',
  j json DEFAULT '{"a": 1}', jb jsonb DEFAULT '[]', m mood DEFAULT 'ok', by bytea DEFAULT '\x01', ia int[] DEFAULT '{1,2}', iv interval DEFAULT '1 day', mo money DEFAULT 1, bi bit(1) DEFAULT '1', bs bit(5) DEFAULT '10101', vb bit varying(5) DEFAULT '101', dm code DEFAULT 'x', nu int DEFAULT NULL, nt text DEFAULT NULL::text, x xml DEFAULT '<a/>', fn text DEFAULT lower('X'), ip inet DEFAULT '10.0.0.1', up text DEFAULT CURRENT_USER);
CREATE TABLE nn (id int PRIMARY KEY, i int NOT NULL DEFAULT 5, t text NOT NULL DEFAULT 'x', ts timestamptz NOT NULL DEFAULT now(), n numeric(6,2) NOT NULL DEFAULT 0, m mood NOT NULL DEFAULT 'sad');
INSERT INTO nn VALUES (1);
-- stream
INSERT INTO d (id) VALUES (1);
INSERT INTO nn VALUES (2);
ALTER TABLE nn ALTER i SET DEFAULT 6, ADD COLUMN k int NOT NULL DEFAULT 9;
INSERT INTO nn VALUES (3);
DELETE FROM nn;
