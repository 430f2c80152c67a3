CREATE SCHEMA "Odd.Schema";
-- in json and avro
CREATE TABLE "Quoted "" . Table" (id int PRIMARY KEY, "Col "" . 1" text, "日本" text, "ABCabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh" int, "a-b" int, "1st" int);
CREATE TABLE "ABCabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh" (id int PRIMARY KEY);
CREATE TABLE "日本語" (id int PRIMARY KEY, v text);
INSERT INTO "Quoted "" . Table" VALUES (1, 'a', 'b', 1, 2, 3); INSERT INTO "日本語" VALUES (1, 'x');
-- stream
INSERT INTO "Quoted "" . Table" VALUES (2, 'a', 'b', 1, 2, 3); INSERT INTO "ABCabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh" VALUES (1);
UPDATE "日本語" SET id = 2; DELETE FROM "日本語";
