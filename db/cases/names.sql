-- Names that SQL has to quote, of tables, schemas and columns, up to the longest there are.

--- source
CREATE SCHEMA "My Schema";
CREATE TABLE "Upper" ("Id" int PRIMARY KEY, "select" text, "a b" text, "quo""te" text, "ščřž" text, "dot.ted" text);
CREATE TABLE "dot.and""quote" (id int PRIMARY KEY, "comma, here" text);
CREATE TABLE "My Schema"."příliš žluťoučký kůň úpěl ďábelské" (id int PRIMARY KEY);
CREATE TABLE a2345678901234567890123456789012345678901234567890123456789ends (id int PRIMARY KEY, c2345678901234567890123456789012345678901234567890123456789ends text);
INSERT INTO "Upper" VALUES (1, 's', 'a', 'q', 'š', 'd');
INSERT INTO "My Schema"."příliš žluťoučký kůň úpěl ďábelské" VALUES (1);
--- pipeline
-- source: { postgres: { tables: ["public.*", '"My Schema".*'] } }

--- stream
INSERT INTO "Upper" VALUES (2, 's', 'a', 'q', 'š', 'd');
UPDATE "Upper" SET "select" = 'changed', "quo""te" = NULL WHERE "Id" = 1;
UPDATE "Upper" SET "Id" = 3 WHERE "Id" = 2;
INSERT INTO "dot.and""quote" VALUES (1, 'x'), (2, 'y');
DELETE FROM "dot.and""quote" WHERE id = 1;
INSERT INTO "My Schema"."příliš žluťoučký kůň úpěl ďábelské" VALUES (2);
DELETE FROM "My Schema"."příliš žluťoučký kůň úpěl ďábelské" WHERE id = 1;
INSERT INTO a2345678901234567890123456789012345678901234567890123456789ends VALUES (1, 'long');
TRUNCATE "My Schema"."příliš žluťoučký kůň úpěl ďábelské";
