-- A trigger of the target turns a row away, with a code of its own or one of the server's: the row's place is said, and
-- nothing of what the trigger says, which as a rule is the row.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
--- target
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'said of row %', NEW.id USING ERRCODE = TG_ARGV[0], HINT = 'hint of row'; END $$;
CREATE TRIGGER own BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION refuse('45000');
CREATE TRIGGER plain BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION refuse('P0001');
CREATE TRIGGER server BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION refuse('23514');

--- stream halts trigger_violation
INSERT INTO t VALUES (1, 'a');
--- target
DROP TRIGGER own ON t;
--- stream halts trigger_violation
INSERT INTO t VALUES (2, 'b');
--- target
DROP TRIGGER plain ON t;
--- stream halts constraint_violation
INSERT INTO t VALUES (3, 'c');
--- target
DROP TRIGGER server ON t;
--- start
--- expect equal
--- expect nowhere
-- said of row
-- hint of row
