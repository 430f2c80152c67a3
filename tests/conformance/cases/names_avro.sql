-- debezium: schema.name.adjustment.mode=avro
-- debezium: field.name.adjustment.mode=avro
-- Names that Avro does not allow.
CREATE TABLE "Odd-Table 1" (id int PRIMARY KEY, "first-name" text, "2nd" text, "naïve" text, _x int DEFAULT 4, "a.b" text);
CREATE TABLE "1st" ("key 1" int, "key.2" text, v_v text, PRIMARY KEY ("key 1", "key.2"));
INSERT INTO "1st" VALUES (1, 'a', 'v');
-- stream
INSERT INTO "Odd-Table 1" VALUES (1, 'f', '2', 'n');
UPDATE "Odd-Table 1" SET "first-name" = 'g';
UPDATE "Odd-Table 1" SET id = 2;
UPDATE "1st" SET v_v = 'w';
DELETE FROM "1st";
