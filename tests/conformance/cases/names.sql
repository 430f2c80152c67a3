-- Names that need quotes.
-- in json and avro
CREATE TABLE "Upper Case" ("Id" int PRIMARY KEY, "select" text, "a.b" int, "ümläut" text);
INSERT INTO "Upper Case" VALUES (1, 'x', 1, 'y');
-- stream
UPDATE "Upper Case" SET "select" = 'z';
UPDATE "Upper Case" SET "Id" = 2;
